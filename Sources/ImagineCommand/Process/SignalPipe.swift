import Foundation

/// Signals as bytes in a pipe, for code that may do more than a signal handler.
///
/// A dispatch source for signals begins to see them some time after it is resumed, and until then they are lost; a
/// handler is there at once.
enum SignalPipe {
  /// Written once, before the first handler is installed.
  nonisolated(unsafe) private static var writeEnd: Int32 = -1

  /// From now on each of these signals is a byte, its number, to be read from the descriptor returned.
  ///
  /// - Throws: `CommandFailure` if the system has no descriptors left.
  static func open(for signals: [Int32]) throws -> Int32 {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw CommandFailure(
        status: CommandLineProgram.Status.failure, message: "Too many files are open: close some programs.")
    }
    writeEnd = ends[1]
    for number in signals {
      signal(number) { number in
        let interrupted = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(SignalPipe.writeEnd, &byte, 1)
        errno = interrupted
      }
    }
    return ends[0]
  }
}

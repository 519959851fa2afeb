import Foundation
import Imagine

/// What scripts read: paths and reports, nothing else.
enum StandardOutput {
  /// Writes a report for people, in which strangers' names may be.
  static func show(_ report: String) throws { try write(TerminalText.visible(report)) }

  /// Writes at once. A reader that went away is no error: nobody wants the text.
  ///
  /// - Throws: `CommandFailure` when the text is lost in another way, as on a full disk.
  static func write(_ text: String) throws {
    guard writeAll(text, to: STDOUT_FILENO) || errno == EPIPE else {
      throw CommandFailure(
        status: CommandLineProgram.Status.failure,
        message: "The standard output cannot be written: \(String(cString: strerror(errno))).")
    }
  }
}

/// What people read.
enum StandardError {
  /// Writes text, in which strangers' words may be: a terminal obeys none of it.
  static func write(_ text: String) {
    _ = writeAll(TerminalText.visible(text), to: STDERR_FILENO)
  }

  /// Writes what this program itself has for the terminal, such as a picture.
  static func draw(_ bytes: [UInt8]) { _ = writeAll(bytes, to: STDERR_FILENO) }

  /// Writes this program's own line over the last one, which took so many columns of a terminal of this width.
  static func redraw(_ line: String, over columns: Int, width: Int) {
    _ = writeAll(ProgressLine.clearing(columns: columns, width: width) + line, to: STDERR_FILENO)
  }
}

private func writeAll(_ text: String, to descriptor: Int32) -> Bool { writeAll(Array(text.utf8), to: descriptor) }

private func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
  var bytes = bytes[...]
  while !bytes.isEmpty {
    let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if written < 0, errno == EINTR { continue }
    guard written > 0 else { return false }
    bytes = bytes.dropFirst(written)
  }
  return true
}

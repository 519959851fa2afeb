import Dispatch
import Foundation
import Synchronization

/// Ctrl-C and its relatives: the first ends the work in good order, the second at once.
enum Interruption {
  private static let signals = [SIGINT, SIGTERM, SIGHUP]

  /// Runs `body`, cancelling it when the process is told to stop.
  ///
  /// No half-written picture is ever visible, since files get their name when they are complete; so the second signal
  /// may end the process wherever it is.
  /// - Throws: what `body` throws. Interrupted, the process ends here, with 128 + the signal's number.
  static func handled(telling display: Display, _ body: @escaping @Sendable () async throws -> Void) async throws {
    let task = Task { try await body() }
    let received = FirstSignal()
    let queue = DispatchQueue(label: "imagine.signals")
    let sources = signals.map { number in
      // Ignored, a signal still reaches its dispatch source, and no longer ends the process by itself.
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        guard received.isFirst(number) else { end(number, display) }
        task.cancel()
        display.stopping()
      }
      source.resume()
      return source
    }
    defer { for source in sources { source.cancel() } }
    do {
      try await task.value
    } catch is CancellationError {
      guard let number = received.number else { throw CancellationError() }
      end(number, display)
    }
  }

  /// Ends the process without the clean-up of `exit`, which must not run while another thread still computes.
  private static func end(_ number: Int32, _ display: Display) -> Never {
    display.stopped()
    _exit(128 + number)
  }
}

/// The signal that came first.
private final class FirstSignal: Sendable {
  private let first = Mutex<Int32?>(nil)

  var number: Int32? { first.withLock { $0 } }

  /// Notes a signal; false if there was one before.
  func isFirst(_ number: Int32) -> Bool {
    first.withLock { first in
      defer { first = first ?? number }
      return first == nil
    }
  }
}

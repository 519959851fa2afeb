import Dispatch
import Foundation
import Synchronization

/// Ctrl-C and its relatives: the first ends the work in good order, the second at once.
///
/// No half-written picture is ever visible, since files get their name when they are complete; so the second signal may
/// end the process wherever it is.
final class Interruption: Sendable {
  private struct State {
    var first: Int32?
    var task: Task<Void, any Error>?
  }

  private static let signals = [SIGINT, SIGTERM, SIGHUP]

  private let display: Display
  private let state = Mutex(State())

  private init(_ display: Display) { self.display = display }

  /// Runs `body`, cancelling it when the process is told to stop.
  ///
  /// - Throws: what `body` throws. Interrupted, the process ends here, with 128 + the signal's number.
  static func handled(telling display: Display, _ body: @escaping @Sendable () async throws -> Void) async throws {
    let interruption = Interruption(display)
    let queue = DispatchQueue(label: "imagine.signals")
    let descriptor = try SignalPipe.open(for: signals)
    let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
    source.setEventHandler {
      var number: UInt8 = 0
      guard read(descriptor, &number, 1) == 1 else { return }
      interruption.receive(Int32(number), on: queue)
    }
    source.resume()
    defer { source.cancel() }
    do {
      try await interruption.start(body).value
    } catch is CancellationError {
      interruption.endIfReceived()
      throw CancellationError()
    }
  }

  private func start(_ body: @escaping @Sendable () async throws -> Void) -> Task<Void, any Error> {
    let task = Task { try await body() }
    state.withLock { state in
      state.task = task
      // The signal may have come before there was anything to cancel.
      if state.first != nil { task.cancel() }
    }
    return task
  }

  private func receive(_ number: Int32, on queue: DispatchQueue) {
    let isFirst = state.withLock { state in
      guard state.first == nil else { return false }
      state.first = number
      state.task?.cancel()
      return true
    }
    guard isFirst else { end(number) }
    queue.asyncAfter(deadline: .now() + .milliseconds(500)) { self.display.stopping() }
  }

  private func endIfReceived() {
    if let number = state.withLock({ $0.first }) { end(number) }
  }

  /// Ends the process without the clean-up of `exit`, which must not run while another thread still computes.
  private func end(_ number: Int32) -> Never {
    display.stopped()
    _exit(128 + number)
  }
}

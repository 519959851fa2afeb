internal import Foundation

/// Requests take turns: whoever came first goes first.
package final class Turns: @unchecked Sendable {  // All state is behind the lock.
  /// A place in the line, from the moment it is taken until its turn is over. One that is not used is given up with it.
  package final class Ticket: Sendable {
    fileprivate let number: Int
    private let turns: Turns

    fileprivate init(_ turns: Turns, _ number: Int) {
      self.turns = turns
      self.number = number
    }

    deinit { turns.leave(number) }
  }

  private struct Place {
    let number: Int
    /// Who waits there; nil while nobody does yet.
    var go: CheckedContinuation<Void, any Error>?
    /// Whether it is this one's turn.
    var isServed = false
  }

  private let lock = NSLock()
  private var line: [Place] = []
  private var lastNumber = 0

  /// How many are in line, with the one whose turn it is.
  var count: Int { lock.withLock { line.count } }

  /// Takes the place at the end of the line.
  func ticket() -> Ticket {
    lock.withLock {
      lastNumber += 1
      line.append(Place(number: lastNumber))
      return Ticket(self, lastNumber)
    }
  }

  /// Runs `body` when everybody who came before is done.
  ///
  /// - Parameter ticket: a place taken before, good for one turn.
  /// - Throws: `CancellationError` if the task is cancelled while it waits, and what `body` throws.
  func inTurn<Result: Sendable>(
    _ ticket: Ticket, _ body: @Sendable () async throws -> Result
  ) async throws -> Result {
    try await wait(ticket.number)
    defer { leave(ticket.number) }
    return try await body()
  }

  private func wait(_ number: Int) async throws {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { go in
        change { line in
          guard let index = line.firstIndex(where: { $0.number == number }), line[index].go == nil,
            !line[index].isServed
          else { return go }
          line[index].go = go
          return nil
        }
      }
    } onCancel: {
      // A turn that has begun ends by itself: two must never have it at once.
      leave(number, unlessServed: true)
    }
  }

  private func leave(_ number: Int, unlessServed: Bool = false) {
    change { line in
      guard let index = line.firstIndex(where: { $0.number == number }), !(unlessServed && line[index].isServed) else {
        return nil
      }
      return line.remove(at: index).go
    }
  }

  /// Changes the line, and lets the first in it go if nobody's turn it is.
  ///
  /// - Parameter change: gives who is to leave without a turn.
  private func change(_ change: (inout [Place]) -> CheckedContinuation<Void, any Error>?) {
    let (refused, served) = lock.withLock {
      let refused = change(&line)
      var served: CheckedContinuation<Void, any Error>?
      if let first = line.first, !first.isServed, let go = first.go {
        line[0] = Place(number: first.number, isServed: true)
        served = go
      }
      return (refused, served)
    }
    refused?.resume(throwing: CancellationError())
    served?.resume()
  }
}

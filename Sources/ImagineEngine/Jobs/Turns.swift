/// Requests take turns: whoever came first goes first.
actor Turns {
  private var isTaken = false
  private var waiting: [(ticket: Int, go: CheckedContinuation<Void, any Error>)] = []
  private var tickets = 0

  /// Runs `body` when everybody who came before is done.
  ///
  /// - Throws: `CancellationError` if the task is cancelled while it waits, and what `body` throws.
  nonisolated func inTurn<Result: Sendable>(
    _ body: @Sendable () async throws -> Result
  ) async throws -> Result {
    try await wait()
    do {
      let result = try await body()
      await pass()
      return result
    } catch {
      await pass()
      throw error
    }
  }

  private func wait() async throws {
    try Task.checkCancellation()
    guard isTaken else {
      isTaken = true
      return
    }
    tickets += 1
    let ticket = tickets
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { waiting.append((ticket, $0)) }
    } onCancel: {
      Task { await self.leave(ticket) }
    }
  }

  private func leave(_ ticket: Int) {
    guard let index = waiting.firstIndex(where: { $0.ticket == ticket }) else { return }
    waiting.remove(at: index).go.resume(throwing: CancellationError())
  }

  private func pass() {
    if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().go.resume() }
  }
}

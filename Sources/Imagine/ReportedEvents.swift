/// What a piece of work reports, as it happens: the work begins with the stream, and ends with its reader.
struct ReportedEvents<Event: Sendable>: Sendable {
  private let stream: AsyncThrowingStream<Event, any Error>

  /// - Parameter work: what produces the events; it is cancelled with the reader.
  init(_ work: @escaping @Sendable (_ report: @escaping @Sendable (Event) -> Void) async throws -> Void) {
    stream = AsyncThrowingStream { continuation in
      let task = Task {
        do {
          try await work { continuation.yield($0) }
          continuation.finish()
        } catch {
          continuation.finish(throwing: ImagineError.translated(error))
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }

  func makeIterator() -> Iterator { Iterator(base: stream.makeAsyncIterator()) }

  struct Iterator {
    fileprivate var base: AsyncThrowingStream<Event, any Error>.AsyncIterator

    mutating func next() async throws -> Event? {
      let event = try await base.next()
      // A stream just ends when its reader is cancelled; that must not pass for a finished request.
      if event == nil { try Task.checkCancellation() }
      return event
    }
  }
}

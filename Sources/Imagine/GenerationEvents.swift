/// The events of one request, as they happen.
///
/// Reading ends after the last picture; it throws `ImagineError`, or `CancellationError` once the reading task is
/// cancelled, which also stops the work within one operation.
public struct GenerationEvents: AsyncSequence, Sendable {
  private let stream: AsyncThrowingStream<GenerationEvent, any Error>

  /// - Parameter work: what produces the events; it is cancelled with the reader.
  init(_ work: @escaping @Sendable (_ report: @escaping @Sendable (GenerationEvent) -> Void) async throws -> Void) {
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

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream.makeAsyncIterator()) }

  public struct AsyncIterator: AsyncIteratorProtocol {
    private var base: AsyncThrowingStream<GenerationEvent, any Error>.AsyncIterator

    fileprivate init(_ base: AsyncThrowingStream<GenerationEvent, any Error>.AsyncIterator) { self.base = base }

    public mutating func next() async throws -> GenerationEvent? {
      let event = try await base.next()
      // A stream just ends when its reader is cancelled; that must not pass for a finished request.
      if event == nil { try Task.checkCancellation() }
      return event
    }
  }
}

/// The events of one request, as they happen.
///
/// Reading ends after the last picture; it throws `ImagineError`, or `CancellationError` once the reading task is
/// cancelled, which also stops the work within one operation.
public struct GenerationEvents: AsyncSequence, Sendable {
  private let events: ReportedEvents<GenerationEvent>

  /// - Parameter work: what produces the events; it is cancelled with the reader.
  init(_ work: @escaping @Sendable (_ report: @escaping @Sendable (GenerationEvent) -> Void) async throws -> Void) {
    events = ReportedEvents(work)
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: events.makeIterator()) }

  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate var base: ReportedEvents<GenerationEvent>.Iterator

    public mutating func next() async throws -> GenerationEvent? { try await base.next() }
  }
}

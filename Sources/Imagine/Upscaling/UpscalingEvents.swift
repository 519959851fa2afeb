/// What an upscaler reports while it works. More kinds may come: pass over those that a program does not know.
#if hasAttribute(nonexhaustive)
  @nonexhaustive
#endif
public enum UpscalingEvent: Sendable {
  /// Something the person should know, such as a fallback that was taken.
  case notice(Notice)
  /// Something else is being done from now on.
  case stage(GenerationStage)
  case progress(UpscalingProgress)
  /// The picture is ready.
  case image(UpscaledImage)
}

/// The events of one picture that is made larger, as they happen.
///
/// Reading ends after the picture; it throws `ImagineError`, or `CancellationError` once the reading task is cancelled, which
/// also stops the work within one operation.
public struct UpscalingEvents: AsyncSequence, Sendable {
  private let events: ReportedEvents<UpscalingEvent>

  /// - Parameter work: what produces the events; it is cancelled with the reader.
  init(_ work: @escaping @Sendable (_ report: @escaping @Sendable (UpscalingEvent) -> Void) async throws -> Void) {
    events = ReportedEvents(work)
  }

  /// The picture, when it is ready.
  func result() async throws -> UpscaledImage {
    for try await event in self {
      if case .image(let image) = event { return image }
    }
    throw ImagineError(.internalError, "The request ended without a picture.")
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: events.makeIterator()) }

  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate var base: ReportedEvents<UpscalingEvent>.Iterator

    public mutating func next() async throws -> UpscalingEvent? { try await base.next() }
  }
}

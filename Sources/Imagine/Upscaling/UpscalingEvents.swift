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
  private let stream: AsyncThrowingStream<UpscalingEvent, any Error>

  /// - Parameter work: what produces the events; it is cancelled with the reader.
  init(_ work: @escaping @Sendable (_ report: @escaping @Sendable (UpscalingEvent) -> Void) async throws -> Void) {
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

  /// The picture, when it is ready.
  func result() async throws -> UpscaledImage {
    for try await event in self {
      if case .image(let image) = event { return image }
    }
    throw ImagineError(.internalError, "The request ended without a picture.")
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream.makeAsyncIterator()) }

  public struct AsyncIterator: AsyncIteratorProtocol {
    private var base: AsyncThrowingStream<UpscalingEvent, any Error>.AsyncIterator

    fileprivate init(_ base: AsyncThrowingStream<UpscalingEvent, any Error>.AsyncIterator) { self.base = base }

    public mutating func next() async throws -> UpscalingEvent? {
      let event = try await base.next()
      // A stream just ends when its reader is cancelled; that must not pass for a finished request.
      if event == nil { try Task.checkCancellation() }
      return event
    }
  }
}

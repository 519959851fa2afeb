internal import Foundation

/// The models that somebody has open, so that whoever opens the same files again gets the same one.
///
/// They are known for as long as they are in use, whatever became of their networks meanwhile.
final class SharedModels: @unchecked Sendable {  // All state is behind the lock.
  private struct Known {
    weak var model: OpenedModel?
  }

  private let lock = NSLock()
  private var known: [OpenedModel.Identity: Known] = [:]

  /// The model in use that was opened from the same files; the given one if there is none.
  func model(for opened: OpenedModel) -> OpenedModel {
    guard let identity = opened.identity else { return opened }
    return lock.withLock {
      if let model = known[identity]?.model { return model }
      known = known.filter { $0.value.model != nil }
      known[identity] = Known(model: opened)
      return opened
    }
  }
}

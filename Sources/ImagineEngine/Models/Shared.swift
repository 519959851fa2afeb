internal import Foundation

/// What somebody has open, so that whoever opens the same files again gets the same one.
///
/// It is known for as long as it is in use, whatever became of its networks meanwhile.
final class Shared<Identity: Hashable & Sendable, Opened: AnyObject & Sendable>: @unchecked Sendable {
  // All state is behind the lock.
  private struct Known {
    weak var opened: Opened?
  }

  private let lock = NSLock()
  private var known: [Identity: Known] = [:]

  /// The one in use that was opened from the same files; the given one if there is none.
  func one(for identity: Identity?, _ opened: Opened) -> Opened {
    guard let identity else { return opened }
    return lock.withLock {
      if let found = known[identity]?.opened { return found }
      known = known.filter { $0.value.opened != nil }
      known[identity] = Known(opened: opened)
      return opened
    }
  }
}

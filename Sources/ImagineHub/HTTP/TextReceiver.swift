internal import Synchronization

/// Takes in a text of a bounded length.
final class TextReceiver: HTTPReceiver {
  private let limit: Int
  private let state = Mutex((bytes: [UInt8](), isTooLong: false))

  init(limit: Int) { self.limit = limit }

  /// The text; nil if it was longer than it may be, or is none.
  var text: String? {
    state.withLock { $0.isTooLong ? nil : String(validating: $0.bytes, as: UTF8.self) }
  }

  func begin(_ head: HTTPHead) -> Bool {
    state.withLock { $0 = ([], false) }
    return true
  }

  func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    state.withLock { state in
      guard bytes.count <= limit - state.bytes.count else {
        state.isTooLong = true
        return false
      }
      state.bytes += bytes
      return true
    }
  }
}

/// Wants the head of an answer alone.
final class HeadReceiver: HTTPReceiver {
  func begin(_ head: HTTPHead) -> Bool { false }
  func receive(_ bytes: UnsafeRawBufferPointer) -> Bool { false }
}

/// Why bytes are no picture, or a picture cannot become bytes: a part of a sentence, without a full stop.
struct CodecFailure: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }

  /// A reason as a C library words it, in a buffer that a zero byte ends.
  init<Message>(message: Message) {
    reason = withUnsafeBytes(of: message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

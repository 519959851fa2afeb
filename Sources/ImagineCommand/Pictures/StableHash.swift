/// The FNV-1a hash in 64 bits: the same in every run and on every machine.
struct StableHash: Sendable {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  init() {}

  /// Adds a text and its end, so that "a", "bc" differs from "ab", "c".
  mutating func combine(_ text: String) {
    for byte in text.utf8 { combine(byte) }
    combine(UInt8(0))
  }

  /// Adds bytes and their end.
  mutating func combine(_ bytes: [UInt8]) {
    for byte in bytes { combine(byte) }
    combine(UInt8(0))
  }

  private mutating func combine(_ byte: UInt8) {
    value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
  }
}

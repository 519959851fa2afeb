/// A hash table from 64-bit keys to token ids, with open addressing and linear probing.
///
/// It is built an order of magnitude faster than a `Dictionary`, which every run of the command would feel.
struct IntegerMap: Sendable {
  private static let empty: Int32 = -1

  private(set) var count = 0
  private var keys: [UInt64]
  private var values: [Int32]
  private let shift: Int

  /// Makes an empty map with room for `minimumCapacity` keys, at most half full.
  init(minimumCapacity: Int) {
    let bits = Int.bitWidth - (2 * minimumCapacity - 1).leadingZeroBitCount
    keys = Array(repeating: 0, count: 1 << bits)
    values = Array(repeating: Self.empty, count: 1 << bits)
    shift = UInt64.bitWidth - bits
  }

  /// The non-negative value of a key; setting nil changes nothing, nor does a new key when half the map is taken.
  subscript(key: UInt64) -> Int32? {
    get {
      let value = values[slot(of: key)]
      return value == Self.empty ? nil : value
    }
    set {
      guard let newValue else { return }
      let slot = slot(of: key)
      if values[slot] == Self.empty {
        guard count < values.count / 2 else { return }
        count += 1
      }
      keys[slot] = key
      values[slot] = newValue
    }
  }

  /// The place of a key, or the free place where it would go.
  private func slot(of key: UInt64) -> Int {
    // Fibonacci hashing: Knuth, The Art of Computer Programming 3, section 6.4.
    var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> UInt64(shift))
    while values[slot] != Self.empty, keys[slot] != key { slot = (slot + 1) & (values.count - 1) }
    return slot
  }
}

/// The 64-bit hash of Fowler, Noll and Vo, variant 1a, of a growing run of bytes.
struct FNV1a {
  private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325

  init() {}

  init(_ bytes: some Sequence<UInt8>) {
    self = FNV1a().appending(bytes)
  }

  mutating func append(_ byte: UInt8) {
    hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
  }

  func appending(_ bytes: some Sequence<UInt8>) -> FNV1a {
    var result = self
    for byte in bytes { result.append(byte) }
    return result
  }
}

/// numpy's `SeedSequence` (O'Neill's `seed_seq_fe`): words that seeds of a tree's nodes are made of, far from each other
/// however near the nodes are.
struct SeedSequence {
  /// Words of torchsde's pool.
  private static let poolSize = 24

  private var pool: [UInt32]

  /// - Parameters:
  ///   - spawnKey: where in the tree; empty for its root.
  init(entropy: UInt64, spawnKey: [UInt64] = []) {
    var words = Self.words(entropy)
    if !spawnKey.isEmpty {
      words += [UInt32](repeating: 0, count: max(Self.poolSize - words.count, 0))
      words += spawnKey.flatMap(Self.words)
    }
    var hash: UInt32 = 0x43b0_d7e5
    func hashed(_ word: UInt32) -> UInt32 {
      var value = word ^ hash
      hash = hash &* 0x931e_8875
      value = value &* hash
      return value ^ (value >> 16)
    }
    func mixed(_ x: UInt32, _ y: UInt32) -> UInt32 {
      let value = 0xca01_f9dd &* x &- 0x4973_f715 &* y
      return value ^ (value >> 16)
    }
    var pool = (0..<Self.poolSize).map { hashed($0 < words.count ? words[$0] : 0) }
    for source in pool.indices {
      for target in pool.indices where target != source { pool[target] = mixed(pool[target], hashed(pool[source])) }
    }
    for word in words.dropFirst(Self.poolSize) {
      for target in pool.indices { pool[target] = mixed(pool[target], hashed(word)) }
    }
    self.pool = pool
  }

  /// numpy's `generate_state(count)`.
  func state(_ count: Int) -> [UInt32] {
    var hash: UInt32 = 0x8b51_f9dd
    return (0..<count).map { index in
      var value = pool[index % pool.count] ^ hash
      hash = hash &* 0x58f3_8ded
      value = value &* hash
      return value ^ (value >> 16)
    }
  }

  /// The 32-bit words of a number, the lowest first; one for 0.
  private static func words(_ value: UInt64) -> [UInt32] {
    let high = UInt32(truncatingIfNeeded: value >> 32)
    return [UInt32(truncatingIfNeeded: value)] + (high == 0 ? [] : [high])
  }
}

/// The MT19937 engine of Matsumoto and Nishimura (1998), as torch's CPU generator drives it.
struct MersenneTwister: Sendable {
  private static let size = 624
  private static let shift = 397

  private var state: [UInt32]
  private var position = MersenneTwister.size

  init(seed: UInt32) {
    state = [UInt32](repeating: seed, count: Self.size)
    for index in 1..<Self.size {
      let previous = state[index - 1]
      state[index] = 1_812_433_253 &* (previous ^ (previous >> 30)) &+ UInt32(index)
    }
  }

  /// The next tempered word.
  mutating func next() -> UInt32 {
    if position == Self.size {
      regenerate()
      position = 0
    }
    var word = state[position]
    position += 1
    word ^= word >> 11
    word ^= (word << 7) & 0x9d2c_5680
    word ^= (word << 15) & 0xefc6_0000
    return word ^ (word >> 18)
  }

  /// The next two words, the first one in the upper half.
  mutating func next64() -> UInt64 {
    let high = UInt64(next())
    return high << 32 | UInt64(next())
  }

  private mutating func regenerate() {
    state.withUnsafeMutableBufferPointer { state in
      for index in 0..<Self.size {
        let following = index + 1 < Self.size ? index + 1 : 0
        let distant = index + Self.shift < Self.size ? index + Self.shift : index + Self.shift - Self.size
        let joined = (state[index] & 0x8000_0000) | (state[following] & 0x7fff_ffff)
        state[index] = state[distant] ^ (joined >> 1) ^ (joined & 1 == 0 ? 0 : 0x9908_b0df)
      }
    }
  }
}

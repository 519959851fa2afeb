internal import CSHA256

/// SHA-256 (FIPS 180-4), taken in piece by piece.
struct SHA256 {
  private var state: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]
  /// Bytes that make no whole block yet.
  private var rest: [UInt8] = []
  private var count: UInt64 = 0

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    count &+= UInt64(bytes.count)
    guard !rest.isEmpty || bytes.count % 64 != 0 else { return take(bytes) }
    rest.append(contentsOf: bytes)
    let whole = rest.count / 64 * 64
    rest.withUnsafeBytes { take(UnsafeRawBufferPointer(rebasing: $0[..<whole])) }
    rest.removeFirst(whole)
  }

  /// The digest in hexadecimal digits.
  consuming func finish() -> String {
    let bits = count &* 8
    var padding: [UInt8] = [0x80] + [UInt8](repeating: 0, count: Int((119 - count % 64) % 64))
    padding.append(contentsOf: (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * $0)) })
    padding.withUnsafeBytes { update($0) }
    return state.map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  private mutating func take(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    sha256_blocks(&state, start, bytes.count / 64)
  }
}

/// The reversible map from bytes to printable letters in which GPT-2 and CLIP write their merge tables.
enum ByteAlphabet {
  /// The bytes in the order of their ids: those that print as themselves, then the others.
  private static let bytes: [UInt8] = printable + (0...255).filter { !printable.contains($0) }

  private static let printable = [UInt8](0x21...0x7E) + [UInt8](0xA1...0xAC) + [UInt8](0xAE...0xFF)

  /// The letters in the order of their ids; bytes that do not print take U+0100 and up.
  static let letters: [Unicode.Scalar] = {
    var replacement: UInt16 = 0x100
    return bytes.enumerated().compactMap { id, byte in
      if id < printable.count { return Unicode.Scalar(byte) }
      defer { replacement += 1 }
      return Unicode.Scalar(replacement)
    }
  }()

  /// The id of each byte.
  static let ids: [Int32] = {
    var ids = [Int32](repeating: 0, count: 256)
    for (id, byte) in zip(Int32(0)..., bytes) { ids[Int(byte)] = id }
    return ids
  }()
}

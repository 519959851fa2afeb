/// Reads little-endian numbers and runs of bytes, one after the other; nil where the bytes end before.
struct ByteReader {
  private let all: UnsafeRawBufferPointer
  private(set) var offset: Int

  /// - Parameters:
  ///   - bytes: what is read, which must outlive the reader.
  ///   - offset: where; beyond the bytes, there is nothing to read.
  init(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) {
    all = bytes
    self.offset = max(0, min(offset, bytes.count))
  }

  var remaining: Int { all.count - offset }

  mutating func integer<Integer: FixedWidthInteger & BitwiseCopyable>(_ type: Integer.Type) -> Integer? {
    guard remaining >= MemoryLayout<Integer>.size else { return nil }
    defer { offset += MemoryLayout<Integer>.size }
    return Integer(littleEndian: all.loadUnaligned(fromByteOffset: offset, as: Integer.self))
  }

  mutating func bytes(_ count: Int) -> UnsafeRawBufferPointer? {
    guard count >= 0, count <= remaining else { return nil }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: all[offset..<offset + count])
  }

  /// - Returns: whether there was so much to skip.
  mutating func skip(_ count: Int) -> Bool { bytes(count) != nil }

  /// The bytes up to a line feed, which is read too.
  mutating func line(atMost limit: Int) -> UnsafeRawBufferPointer? {
    let window = UnsafeRawBufferPointer(rebasing: all[offset..<offset + min(remaining, limit)])
    guard let end = window.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    offset += end + 1
    return UnsafeRawBufferPointer(rebasing: window[..<end])
  }
}

/// Elements that a file stores as small numbers with a scale in common (formats: ggml-org/ggml, ggml-common.h).
protocol QuantisedBlock {
  /// In a block.
  static var elements: Int { get }
  static var bytes: Int { get }
  /// Writes the `elements` values of one block of `bytes` bytes at any alignment.
  static func read(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>)
  /// The same of blocks that follow each other; a requirement, so that it is compiled for each format.
  static func read(_ blocks: UnsafeRawPointer, count: Int, into values: UnsafeMutablePointer<Float>)
}

extension QuantisedBlock {
  static func read(_ blocks: UnsafeRawPointer, count: Int, into values: UnsafeMutablePointer<Float>) {
    for index in 0..<count { read(blocks + index &* bytes, into: values + index &* elements) }
  }
}

/// Formats kept under one name; nothing here is ever created.
enum Quantised {}

extension UnsafeRawPointer {
  @inline(__always)
  func byte(_ offset: Int) -> UInt8 { load(fromByteOffset: offset, as: UInt8.self) }

  /// A binary16, which is how scales are stored.
  @inline(__always)
  func half(_ offset: Int) -> Float {
    Stored.Float16.float(UInt16(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
  }
}

package import ImagineGraph

/// How a file stores numbers, apart from what they are computed in; all formats are little-endian. The raw value is the
/// name in safetensors files, or ggml's.
///
/// Elements lie in blocks. Those of plain numbers have one element each; quantised formats have more, and read as floats only
/// block by block.
package enum StorageFormat: Sendable, Hashable {
  case float64, float32, float16, bfloat16
  case int64, int32, int16, int8, uint64, uint32, uint16, uint8, bool
  /// Bias 7, no infinities, largest 448 ("E4M3FN", Micikevicius et al. 2022, FP8 Formats for Deep Learning).
  case float8E4M3
  /// Bias 15, the upper half of a binary16, largest 57344.
  case float8E5M2
  /// Quantised.
  case blocks(BlockFormat)

  /// Formats of single numbers.
  private static let plain: [StorageFormat] = [
    .float64, .float32, .float16, .bfloat16, .int64, .int32, .int16, .int8, .uint64, .uint32, .uint16, .uint8, .bool,
    .float8E4M3, .float8E5M2,
  ]

  /// The format of this name in a safetensors file; nil where they have none such.
  init?(safetensors name: String) {
    guard let format = Self.plain.first(where: { $0.rawValue == name }) else { return nil }
    self = format
  }

  /// The same format as graphs know it; nil where they know none.
  package var elementType: ElementType? {
    switch self {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .int32: .int32
    case .float64, .int64, .int16, .int8, .uint64, .uint32, .uint16, .uint8, .bool, .float8E4M3, .float8E5M2, .blocks:
      nil
    }
  }

  /// The smallest format of graphs that keeps what this one says: all of it, but for quantised formats, whose steps are a
  /// hundred times as wide as a binary16's. Nil where there is none, and for what is 32 bits wide.
  var halfType: ElementType? {
    switch self {
    case .float16, .float8E4M3, .float8E5M2, .blocks: .float16
    case .bfloat16: .bfloat16
    case .float64, .float32, .int64, .int32, .int16, .int8, .uint64, .uint32, .uint16, .uint8, .bool: nil
    }
  }

  var isInteger: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16, .float8E4M3, .float8E5M2, .blocks: false
    case .int64, .int32, .int16, .int8, .uint64, .uint32, .uint16, .uint8, .bool: true
    }
  }

  /// Elements of one block.
  package var blockLength: Int { if case .blocks(let format) = self { format.block.elements } else { 1 } }

  /// Bytes of one block: of one element, where blocks have one.
  package var bytesPerBlock: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .bool, .float8E4M3, .float8E5M2: 1
    case .blocks(let format): format.block.bytes
    }
  }

  /// The bytes that so many elements take; nil when they do not fill their blocks or the number exceeds an `Int`.
  package func byteCount(of elements: Int) -> Int? {
    guard elements % blockLength == 0 else { return nil }
    let (bytes, overflow) = (elements / blockLength).multipliedReportingOverflow(by: bytesPerBlock)
    return overflow ? nil : bytes
  }

  /// Where elements lie whose range begins and ends between blocks.
  func bytes(of elements: Range<Int>) -> Range<Int> {
    elements.lowerBound / blockLength * bytesPerBlock..<elements.upperBound / blockLength * bytesPerBlock
  }
}

extension StorageFormat: CaseIterable {
  package static var allCases: [StorageFormat] { plain + BlockFormat.allCases.map(StorageFormat.blocks) }

  package var rawValue: String {
    switch self {
    case .float64: "F64"
    case .float32: "F32"
    case .float16: "F16"
    case .bfloat16: "BF16"
    case .int64: "I64"
    case .int32: "I32"
    case .int16: "I16"
    case .int8: "I8"
    case .uint64: "U64"
    case .uint32: "U32"
    case .uint16: "U16"
    case .uint8: "U8"
    case .bool: "BOOL"
    case .float8E4M3: "F8_E4M3"
    case .float8E5M2: "F8_E5M2"
    case .blocks(let format): format.rawValue
    }
  }
}

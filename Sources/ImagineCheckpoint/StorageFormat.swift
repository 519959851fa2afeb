package import ImagineGraph

/// How a file stores numbers, apart from what they are computed in; all formats are little-endian. The raw value is the
/// name in safetensors files.
///
/// Elements lie in blocks. Those of the formats here have one element each; quantised formats have more, and read as floats
/// only block by block.
package enum StorageFormat: String, Sendable, Hashable, CaseIterable {
  case float64 = "F64"
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int64 = "I64"
  case int32 = "I32"
  case int16 = "I16"
  case int8 = "I8"
  case uint64 = "U64"
  case uint32 = "U32"
  case uint16 = "U16"
  case uint8 = "U8"
  case bool = "BOOL"
  /// Bias 7, no infinities, largest 448 ("E4M3FN", Micikevicius et al. 2022, FP8 Formats for Deep Learning).
  case float8E4M3 = "F8_E4M3"
  /// Bias 15, the upper half of a binary16, largest 57344.
  case float8E5M2 = "F8_E5M2"

  /// The same format as graphs know it; nil where they know none.
  package var elementType: ElementType? {
    switch self {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .int32: .int32
    case .float64, .int64, .int16, .int8, .uint64, .uint32, .uint16, .uint8, .bool, .float8E4M3, .float8E5M2: nil
    }
  }

  var isInteger: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16, .float8E4M3, .float8E5M2: false
    case .int64, .int32, .int16, .int8, .uint64, .uint32, .uint16, .uint8, .bool: true
    }
  }

  /// Elements of one block.
  package var blockLength: Int { 1 }

  /// Bytes of one block: of one element, where blocks have one.
  package var bytesPerBlock: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .bool, .float8E4M3, .float8E5M2: 1
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

package import ImagineGraph

/// How a file stores numbers, apart from what they are computed in; all formats are little-endian. The raw value is the
/// name in safetensors files, or ggml's.
///
/// Elements lie in blocks. Those of plain numbers have one element each; quantised formats have more, and read as floats only
/// block by block.
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
  // ggml's formats of GGUF files, whose blocks `QuantisedBlock` describes.
  case q4_0 = "Q4_0"
  case q4_1 = "Q4_1"
  case q5_0 = "Q5_0"
  case q5_1 = "Q5_1"
  case q8_0 = "Q8_0"
  case q2_K = "Q2_K"
  case q3_K = "Q3_K"
  case q4_K = "Q4_K"
  case q5_K = "Q5_K"
  case q6_K = "Q6_K"
  case iq4_NL = "IQ4_NL"
  case iq4_XS = "IQ4_XS"

  /// The format of this name in a safetensors file; nil where they have none such.
  init?(safetensors name: String) {
    guard let format = StorageFormat(rawValue: name), format.block == nil else { return nil }
    self = format
  }

  /// How the elements of a quantised format are read; nil for plain numbers.
  var block: (any QuantisedBlock.Type)? {
    switch self {
    case .q4_0: Quantised.Q4_0.self
    case .q4_1: Quantised.Q4_1.self
    case .q5_0: Quantised.Q5_0.self
    case .q5_1: Quantised.Q5_1.self
    case .q8_0: Quantised.Q8_0.self
    case .q2_K: Quantised.Q2_K.self
    case .q3_K: Quantised.Q3_K.self
    case .q4_K: Quantised.Q4_K.self
    case .q5_K: Quantised.Q5_K.self
    case .q6_K: Quantised.Q6_K.self
    case .iq4_NL: Quantised.IQ4_NL.self
    case .iq4_XS: Quantised.IQ4_XS.self
    case .float64, .float32, .float16, .bfloat16, .int64, .int32, .int16, .int8, .uint64, .uint32, .uint16, .uint8,
      .bool,
      .float8E4M3, .float8E5M2:
      nil
    }
  }

  /// The same format as graphs know it; nil where they know none.
  package var elementType: ElementType? {
    switch self {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .int32: .int32
    case .float64, .int64, .int16, .int8, .uint64, .uint32, .uint16, .uint8, .bool, .float8E4M3, .float8E5M2, .q4_0,
      .q4_1,
      .q5_0, .q5_1, .q8_0, .q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .iq4_NL, .iq4_XS:
      nil
    }
  }

  /// The smallest format of graphs that keeps what this one says: all of it, but for quantised formats, whose steps are a
  /// hundred times as wide as a binary16's. Nil where there is none, and for what is 32 bits wide.
  var halfType: ElementType? {
    switch self {
    case .float16, .float8E4M3, .float8E5M2: .float16
    case .bfloat16: .bfloat16
    case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .iq4_NL, .iq4_XS: .float16
    case .float64, .float32, .int64, .int32, .int16, .int8, .uint64, .uint32, .uint16, .uint8, .bool: nil
    }
  }

  var isInteger: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16, .float8E4M3, .float8E5M2, .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q2_K,
      .q3_K,
      .q4_K, .q5_K, .q6_K, .iq4_NL, .iq4_XS:
      false
    case .int64, .int32, .int16, .int8, .uint64, .uint32, .uint16, .uint8, .bool: true
    }
  }

  /// Elements of one block.
  package var blockLength: Int { block?.elements ?? 1 }

  /// Bytes of one block: of one element, where blocks have one.
  package var bytesPerBlock: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .bool, .float8E4M3, .float8E5M2: 1
    case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .iq4_NL, .iq4_XS: block?.bytes ?? 0
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

/// The numbers that GGUF files have for the formats of tensors (ggml-org/ggml, ggml.h).
enum GGUFType {
  static let formats: [UInt32: StorageFormat] = [
    0: .float32, 1: .float16, 2: .blocks(.q4_0), 3: .blocks(.q4_1), 6: .blocks(.q5_0), 7: .blocks(.q5_1),
    8: .blocks(.q8_0), 10: .blocks(.q2_K), 11: .blocks(.q3_K), 12: .blocks(.q4_K), 13: .blocks(.q5_K),
    14: .blocks(.q6_K), 20: .blocks(.iq4_NL), 23: .blocks(.iq4_XS), 24: .int8, 25: .int16, 26: .int32, 27: .int64,
    28: .float64, 30: .bfloat16,
  ]

  /// Names of those that are not read.
  private static let others: [UInt32: String] = [
    9: "Q8_1", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 21: "IQ3_S", 22: "IQ2_S",
    29: "IQ1_M",
    34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4", 40: "NVFP4", 41: "Q1_0",
  ]

  static func name(_ type: UInt32) -> String { formats[type]?.rawValue ?? others[type] ?? "number \(type)" }
}

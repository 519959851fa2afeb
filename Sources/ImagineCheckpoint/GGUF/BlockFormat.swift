/// ggml's quantised formats of GGUF files that are read, by its names.
package enum BlockFormat: String, Sendable, Hashable, CaseIterable {
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

  /// How its elements are read.
  var block: any QuantisedBlock.Type {
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
    }
  }
}

import COneDNNShim
import Foundation

/// What the environment leaves of the processor's instruction sets: for trying the paths of older processors.
package enum CPUFeatureLimit {
  /// A list of names separated by commas; each stands for what it builds on, too. Unset leaves all; empty or `none`,
  /// nothing.
  package static let variable = "IMAGINE_CPU_FEATURES"

  private static let names: [(name: String, features: CPUFeatures, isa: od_isa)] = [
    ("avx2", .avx2, OD_ISA_AVX2),
    ("avx512", [.avx2, .avx512], OD_ISA_AVX512),
    ("avx512-bf16", [.avx2, .avx512, .avx512BFloat16], OD_ISA_AVX512_BF16),
    ("amx-bf16", [.avx2, .avx512, .avx512BFloat16, .amxBFloat16], OD_ISA_AMX),
  ]

  /// The instruction sets that a value of the variable names.
  ///
  /// - Throws: `CPUBackendError` for a name that stands for nothing.
  package static func features(named list: String) throws -> CPUFeatures {
    let words = list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
    return try words.filter { !$0.isEmpty && $0 != "none" }.reduce(into: []) { features, word in
      guard let known = names.first(where: { $0.name == word }) else {
        throw CPUBackendError(
          "\(variable) names \"\(word)\", which is no instruction set: choose from "
            + "\(names.map(\.name).joined(separator: ", ")), separated by commas, or none.")
      }
      features.formUnion(known.features)
    }
  }

  /// What this processor has and the environment leaves.
  ///
  /// oneDNN keeps to it as well, if it has not been used in this process before.
  /// - Throws: `CPUBackendError` for a name that stands for nothing.
  static func permitted() throws -> CPUFeatures {
    guard let list = ProcessInfo.processInfo.environment[variable] else { return .available }
    let features = try features(named: list)
    od_limit_isa(names.last { features.isSuperset(of: $0.features) }?.isa ?? OD_ISA_BASELINE)
    return features.intersection(.available)
  }
}

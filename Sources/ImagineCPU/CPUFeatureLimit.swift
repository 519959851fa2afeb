import Foundation

/// What the environment leaves of the processor's instruction sets: for trying the paths of older processors.
package enum CPUFeatureLimit {
  /// A list of names separated by commas; each stands for what it builds on, too. Unset leaves all; empty or `none`,
  /// nothing.
  package static let variable = "IMAGINE_CPU_FEATURES"

  private static let names: [(name: String, features: CPUFeatures)] = [
    ("avx2", .avx2),
    ("avx512", [.avx2, .avx512]),
    ("avx512-bf16", [.avx2, .avx512, .avx512BFloat16]),
    ("amx-bf16", [.avx2, .avx512, .avx512BFloat16, .amxBFloat16]),
    ("arm-bf16", .armBFloat16),
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
  /// - Throws: `CPUBackendError` for a name that stands for nothing.
  package static func permitted(by environment: [String: String]) throws -> CPUFeatures {
    guard let list = environment[variable] else { return .available }
    return try features(named: list).intersection(.available)
  }
}

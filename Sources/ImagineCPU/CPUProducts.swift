import Foundation

/// What multiplies by weights.
package enum CPUProducts: String, Sendable, Hashable, CaseIterable {
  /// `winograd`, but for products of bfloat16 on processors that multiply it in tiles: these are faster directly.
  case automatic
  /// All sums directly, as products are defined.
  case kernels
  /// Convolutions of 3 x 3 in a quarter of the products, everything else by `kernels`.
  case winograd

  /// The environment's variable that chooses: for measuring one beside another.
  package static let variable = "IMAGINE_CPU_PRODUCTS"

  /// The choice that a value of the variable names.
  ///
  /// - Throws: `CPUBackendError` for a name that stands for nothing.
  package init(named text: String) throws {
    let name = text.trimmingCharacters(in: .whitespaces).lowercased()
    guard let products = Self(rawValue: name) else {
      let names = Self.allCases.map(\.rawValue).joined(separator: ", ")
      throw CPUBackendError("\(Self.variable) is \"\(text)\", which multiplies nothing: choose from \(names).")
    }
    self = products
  }

  /// What the environment says, else `automatic`.
  ///
  /// - Throws: `CPUBackendError` for a name that stands for nothing.
  package static func chosen(by environment: [String: String]) throws -> CPUProducts {
    guard let name = environment[variable], !name.isEmpty else { return .automatic }
    return try CPUProducts(named: name)
  }
}

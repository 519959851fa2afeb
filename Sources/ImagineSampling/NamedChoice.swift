/// A closed list of things a user picks by name: the command line's help and parsing derive from it.
package protocol NamedChoice: CaseIterable, RawRepresentable<String>, Sendable, Hashable where AllCases == [Self] {
  /// What the list holds, in the singular, for messages: "sampler".
  static var kind: String { get }
  /// The name that A1111 shows and writes into its pictures.
  var label: String { get }
  /// Further names in use elsewhere. Case, spaces, `_`, `-`, a leading `k_`, and `++` for `pp` need no alias.
  var aliases: [String] { get }
}

extension NamedChoice {
  /// The choice with this raw name, label or alias.
  ///
  /// - Throws: ``SamplingError/unknownName(kind:name:choices:)``.
  package init(name: String) throws(SamplingError) {
    guard let choice = Self.named(key: nameKey(name)) else {
      throw .unknownName(kind: Self.kind, name: name, choices: Self.allCases.map(\.rawValue))
    }
    self = choice
  }

  static func named(key: String) -> Self? {
    allCases.first { $0.keys.contains(key) }
  }

  /// Everything this choice answers to, in the form of ``nameKey(_:)``.
  var keys: [String] {
    ([rawValue, label] + aliases).map(nameKey)
  }
}

/// A name with the differences between tools removed: "DPM++ 2M", "dpmpp_2m" and "k_dpmpp_2m" become "dpmpp2m".
func nameKey(_ name: String) -> String {
  let lowercased = name.lowercased()
  let bare = lowercased.hasPrefix("k_") ? lowercased.dropFirst(2) : lowercased[...]
  return String(bare.map { $0 == "+" ? "p" : $0 }.filter { $0.isLetter || $0.isNumber })
}

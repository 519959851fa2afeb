import ArgumentParser
import Foundation

/// The options a command knows, as the argument parser describes them.
struct OptionTable {
  struct Option: Hashable {
    /// With their dashes, the one to write first.
    let names: [String]
    let takesValue: Bool
    /// Whether the next word is the value even if it begins with a dash.
    let takesAnyValue: Bool
    /// Whether it may be given more than once.
    let isRepeating: Bool

    var name: String { names.first ?? "" }
  }

  let options: [Option]
  private let byName: [String: Int]

  init(of type: any ParsableCommand.Type) {
    let description = try? JSONDecoder().decode(Description.self, from: Data(type._dumpHelp().utf8))
    let options = (description?.command.arguments ?? []).compactMap(Option.init)
    self.options = options
    byName = Dictionary(
      options.indices.flatMap { index in options[index].names.map { ($0, index) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// The option of a name with its dashes; in small letters, and with hyphens for underscores, if need be.
  subscript(_ name: String) -> Option? {
    let index = byName[name] ?? (name.hasPrefix("--") ? byName[Self.usual(name)] : nil)
    return index.map { options[$0] }
  }

  /// All long names.
  var longNames: [String] { options.flatMap(\.names).filter { $0.hasPrefix("--") } }

  /// `--Cfg_Scale` -> `--cfg-scale`
  static func usual(_ name: String) -> String { name.lowercased().replacing("_", with: "-") }

  private struct Description: Decodable {
    struct Command: Decodable { let arguments: [Argument]? }
    let command: Command
  }

  fileprivate struct Argument: Decodable {
    struct Name: Decodable { let kind, name: String }
    let kind, parsingStrategy: String
    let names: [Name]?
    let isRepeating: Bool?
  }
}

extension OptionTable.Option {
  fileprivate init?(_ argument: OptionTable.Argument) {
    guard let names = argument.names, !names.isEmpty, argument.kind != "positional" else { return nil }
    let ordered = names.filter { $0.kind == "long" } + names.filter { $0.kind != "long" }
    self.init(
      names: ordered.map { ($0.kind == "long" ? "--" : "-") + $0.name }, takesValue: argument.kind == "option",
      takesAnyValue: argument.parsingStrategy == "unconditional", isRepeating: argument.isRepeating ?? false)
  }
}

import ArgumentParser
import Imagine

extension ModelKind {
  /// Reads a kind as people write it: `lora`, `LoRAs`, `text-encoder`.
  ///
  /// - Throws: `ValidationError`.
  static func named(_ text: String) throws -> ModelKind {
    try Choices.requireName(text)
    let word = plain(text)
    guard let kind = allCases.first(where: { [$0.rawValue, $0.name, $0.pluralName].map(plain).contains(word) }) else {
      throw ValidationError("there is no kind '\(text)': choose \(Choices.sentence(allCases.map(\.word))).")
    }
    return kind
  }

  /// The kind as an argument: `text-encoder`
  var word: String { name.lowercased().replacing(" ", with: "-") }

  private static func plain(_ text: String) -> String {
    text.lowercased().filter { $0 != "-" && $0 != "_" && $0 != " " }
  }
}

/// The kind of a model, where it must be said.
struct KindOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What it is for: \(Choices.sentence(ModelKind.allCases.map(\.word))).", valueName: "kind"),
    completion: .list(ModelKind.allCases.map(\.word)), transform: ModelKind.named)
  var kind: ModelKind?
}

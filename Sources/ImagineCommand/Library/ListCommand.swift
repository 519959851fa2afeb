import ArgumentParser
import Foundation
import Imagine

/// `imagine list`: shows which models there are.
struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", _superCommandName: "imagine",
    abstract: "Show which models, LoRAs and the like there are.",
    discussion: """
      Looks into the folders of --models, of IMAGINE_MODELS, one's own and Hugging Face's cache. A name, or any part of one that \
      no other has, is what --model takes.

      EXAMPLES:
        imagine list
        imagine list lora --models ~/stable-diffusion-webui
        imagine list checkpoints --fit     with what memory a picture takes on this machine
      """)

  @Argument(
    help: ArgumentHelp("Only this kind: \(Choices.sentence(ModelKind.allCases.map(\.word))).", valueName: "kind"),
    transform: ModelKind.named)
  var kind: ModelKind?

  @Flag(help: "Reckon what memory a picture takes, which takes a second or two for each model.")
  var fit = false

  @Flag(help: "Print it as JSON.")
  var json = false

  @OptionGroup
  var library: LibraryOptions

  func run() async throws {
    let display = Display(verbosity: .normal)
    defer { display.close() }
    let library = try library.library()
    try await Interruption.handled(telling: display) {
      let (all, others) = try library.all()
      let files = all.filter { kind == nil || $0.kind == kind }
      let engine = fit && files.contains { $0.kind == .checkpoint } ? try Engine() : nil
      var models: [ListedModel] = []
      for file in files {
        try Task.checkCancellation()
        var model = ListedModel(file)
        if let engine { try await model.reckon(file.url, on: engine) }
        models.append(model)
      }
      guard !json else { return try StandardOutput.write(JSONText.of(models)) }
      try StandardOutput.show(table(models))
      if models.isEmpty { display.note(nothing(library)) }
      if kind == nil, !others.isEmpty {
        display.note(
          "\(Wording.count(others.count, "file is", "files are")) of no kind that is known, such as "
            + "'\(others[0].lastPathComponent)': imagine inspect says what is in a file.")
      }
    }
  }

  private func table(_ models: [ListedModel]) -> String {
    guard !models.isEmpty else { return "" }
    return ModelTable(
      titles: ["name", "kind", "size", "what it is"] + (fit ? ["a picture takes"] : []),
      rows: models.map { [$0.name, $0.kind, Wording.bytes($0.bytes), $0.summary] + (fit ? [$0.fit] : []) }
    ).text
  }

  private func nothing(_ library: ModelLibrary) -> String {
    let places = library.folders.map { "'\($0.url.path(percentEncoded: false))'" }
    let what = kind?.pluralName ?? "models"
    return places.isEmpty
      ? "There are no folders to look for \(what) in: name one with --models."
      : "There are no \(what) in \(places.joined(separator: ", ")): imagine pull fetches one, --models names another folder."
  }
}

/// Lines in columns, each as wide as it needs to be; numbers to the right.
struct ModelTable {
  let titles: [String]
  let rows: [[String]]
  /// The column of sizes.
  private static let numbers = 2
  private static let widest = 60

  var text: String {
    let lines = ([titles] + rows).map { $0.map(TerminalText.line) }
    let widths = titles.indices.map { column in
      min(Self.widest, lines.map { Columns.count($0[column]) }.max() ?? 0)
    }
    return lines.map { cells in
      var line = ""
      for (column, cell) in cells.enumerated() {
        let space = String(repeating: " ", count: max(0, widths[column] - Columns.count(cell)))
        line += column == Self.numbers ? space + cell : column == cells.count - 1 ? cell : cell + space
        if column < cells.count - 1 { line += "  " }
      }
      return line + "\n"
    }.joined()
  }
}

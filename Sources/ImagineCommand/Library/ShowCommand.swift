import ArgumentParser
import Foundation
import Imagine

/// `imagine show NAME`: tells about one model.
struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", _superCommandName: "imagine",
    abstract: "Show one model: where it is, what it is, and what memory its pictures take.",
    discussion: """
      EXAMPLES:
        imagine show sdxl-turbo
        imagine show 4x-ultra --kind upscaler --json
      """)

  @Argument(help: ArgumentHelp("A part of its name, its hash, or its path.", valueName: "name"))
  var name: String

  @OptionGroup
  var kind: KindOption

  @Flag(help: "Print it as JSON.")
  var json = false

  @OptionGroup
  var library: LibraryOptions

  func run() async throws {
    let display = Display(verbosity: .normal)
    defer { display.close() }
    let names = NamedModels(library: try library.library())
    try await Interruption.handled(telling: display) {
      let (url, kind) = try await names.find(name, kind.kind)
      var model = ListedModel(ModelFile(at: url, kind ?? .checkpoint))
      if kind == .checkpoint { try await model.reckon(url, on: Engine()) }
      guard !json else { return try StandardOutput.write(JSONText.of(model)) }
      try StandardOutput.show(Self.text(model, url, kind))
    }
  }

  private static func text(_ model: ListedModel, _ url: URL, _ kind: ModelKind?) -> String {
    var lines = ["\(model.name)", "  path            \(model.path)", "  size            \(Wording.bytes(model.bytes))"]
    guard kind == .checkpoint, let report = try? ModelReport(inspecting: url) else {
      lines.append("  what it is      \(model.summary)")
      return lines.joined(separator: "\n") + "\n"
    }
    // The report begins with the path.
    lines += report.description.split(separator: "\n").dropFirst().map(String.init)
    lines.append("  a picture takes \(model.fit)")
    return lines.joined(separator: "\n") + "\n"
  }
}

import ArgumentParser
import Foundation
import Imagine
import ImagineHub

/// `imagine verify NAME`: reads a model's files and compares their hashes.
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", _superCommandName: "imagine",
    abstract: "Check that a model's files are what they were when they came.",
    discussion: """
      Reads every file, and compares its SHA-256 with what Hugging Face's cache calls it, or with what was kept when it was \
      fetched; of other files it shows the hash. The exit status is 1 if one is damaged or missing.

      EXAMPLES:
        imagine verify sdxl-turbo
      """)

  @Argument(help: ArgumentHelp("A part of its name, or its path.", valueName: "name"))
  var name: String

  @OptionGroup
  var kind: KindOption

  @OptionGroup
  var library: LibraryOptions

  func run() async throws {
    let display = Display(verbosity: .normal)
    defer { display.close() }
    let names = NamedModels(library: try library.library())
    try await Interruption.handled(telling: display) {
      let (url, _) = try await names.find(name, kind.kind)
      display.loading(url.lastPathComponent)
      let check = try await ModelCheck(url, home: ModelLibrary.home().map { ModelHome($0) })
      display.close()
      for file in check.files { try StandardOutput.show(Self.line(file)) }
      let wrong = check.files.filter { [.damaged, .missing].contains($0.result) }
      guard wrong.isEmpty else {
        throw CommandFailure.failure(
          "\(Wording.count(wrong.count, "file is", "files are")) not what they were: remove them, and fetch the model again."
        )
      }
    }
  }

  private static func line(_ file: ModelCheck.File) -> String {
    let words =
      switch file.result {
      case .intact: "intact"
      case .damaged: "damaged"
      case .missing: "missing"
      case .unknown: "nothing to compare with"
      }
    return "\(file.name): \(words)\(file.sha256.map { ", \($0)" } ?? "")\n"
  }
}

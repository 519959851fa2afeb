import ArgumentParser
import Foundation
import Imagine
import ImagineHub

/// `imagine rm NAME`: removes a model of one's own folder.
struct RemoveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rm", _superCommandName: "imagine",
    abstract: "Remove a model from one's own folder of models.",
    discussion: """
      Only what lies in $XDG_DATA_HOME/imagine/models, else ~/.local/share/imagine/models, is removed: of a link the link, not \
      what it leads to. What Hugging Face's cache or other programs hold is theirs.

      EXAMPLES:
        imagine rm dreamshaper_8
        imagine rm style --kind lora -y
      """)

  @Argument(help: ArgumentHelp("A part of its name, or its path.", valueName: "name"))
  var name: String

  @OptionGroup
  var kind: KindOption

  @Flag(name: [.customShort("y"), .customLong("yes")], help: "Do not ask.")
  var isSure = false

  func run() async throws {
    guard let folder = ModelLibrary.home() else {
      throw CommandFailure.failure("There is no folder of models of one's own, since HOME is not set: set it.")
    }
    let home = ModelHome(folder)
    let (url, _) = try await NamedModels(library: LibraryOptions.standard()).find(name, kind.kind)
    let path = TerminalText.line(url.path(percentEncoded: false))
    guard home.isIn(url) else {
      throw CommandFailure.usage(
        "'\(path)' does not lie in '\(folder.path(percentEncoded: false))', and other programs may use it: remove it by hand."
      )
    }
    guard try isSure || asked(path) else { throw CommandFailure.failure("Nothing is removed.") }
    try home.remove(url)
    StandardError.write("removed: \(path)\n")
  }

  private func asked(_ path: String) throws -> Bool {
    guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
      throw CommandFailure.usage("To remove '\(path)' where nobody can be asked, say -y.")
    }
    StandardError.write("Remove '\(path)'? [y/N] ")
    return ["y", "yes"].contains(readLine()?.lowercased().trimmingCharacters(in: .whitespaces) ?? "")
  }
}

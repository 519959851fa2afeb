import ArgumentParser
import Foundation
import Imagine
import ImagineHub

/// `imagine import FILE`: puts a file that is there into the collection.
struct ImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", _superCommandName: "imagine",
    abstract: "Put a model that is on this machine into one's own folder of models, to be found by its name.",
    discussion: """
      Makes a link to where it is, which takes no room and breaks if it is moved; --copy copies it. The folder is \
      $XDG_DATA_HOME/imagine/models, else ~/.local/share/imagine/models, with a folder for each kind.

      EXAMPLES:
        imagine import ~/Downloads/dreamshaper_8.safetensors
        imagine import style.safetensors --kind lora --copy
      """)

  @Argument(help: ArgumentHelp("Files, or folders that are one model.", valueName: "path"), completion: .file())
  var files: [String]

  @OptionGroup
  var kind: KindOption

  @Flag(help: "Copy it.")
  var copy = false

  func run() async throws {
    guard let folder = ModelLibrary.home() else {
      throw CommandFailure.failure("There is no folder to keep models in, since HOME is not set: set it.")
    }
    let home = ModelHome(folder), display = Display(verbosity: .normal)
    defer { display.close() }
    try await Interruption.handled(telling: display) {
      for file in files {
        let arrival = try await home.add(URL(literalPath: file), kind.kind, copying: copy)
        let place = arrival.url.path(percentEncoded: false)
        switch arrival {
        case .linked: display.note("linked: '\(place)' leads to '\(file)'")
        case .copied: display.note("copied: '\(file)' is now '\(place)', too")
        case .present: display.note("'\(place)' is in its place already")
        }
        try StandardOutput.write(place + "\n")
      }
    }
  }
}

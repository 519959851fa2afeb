import ArgumentParser
import Foundation
import Imagine

/// Where models are looked for.
struct LibraryOptions: ParsableArguments {
  @Option(
    name: .customLong("models"),
    help: ArgumentHelp(
      "A folder to look for models in, those of AUTOMATIC1111 and ComfyUI included; may be repeated. Default: IMAGINE_MODELS and "
        + "the configuration's, one's own, and Hugging Face's cache.", valueName: "folder"), completion: .directory)
  var folders: [String] = []

  func validate() throws {
    if folders.contains(where: \.isEmpty) {
      throw ValidationError("--models is empty: name a folder with models, or leave it out.")
    }
  }

  /// The folders named here come first, then those of the environment, of the configuration, and those of habit.
  func library(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> ModelLibrary {
    for folder in folders where !FileManager.default.fileExists(atPath: URL(literalPath: folder).path) {
      throw CommandFailure.usage(
        "There is no folder '\(TerminalText.line(folder))': name one with models after --models.")
    }
    var library = try Self.standard(environment: environment)
    library.folders.insert(contentsOf: folders.map { .init(URL(literalPath: $0)) }, at: 0)
    return library
  }

  /// The folders of the environment, of the configuration, and those of habit.
  static func standard(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> ModelLibrary {
    let configured = try UserConfiguration.load(environment: environment).modelFolders
    return ModelLibrary.standard(environment: environment, configured: configured)
  }
}

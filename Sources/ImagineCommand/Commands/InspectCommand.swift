import ArgumentParser
import Foundation
import Imagine

/// `imagine inspect model.safetensors`: tells what a model's files hold.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", _superCommandName: "imagine",
    abstract: "Show what a model's files hold, down to the names of missing weights.",
    discussion: "Only the names and shapes are read. The exit status is 1 if no picture can be drawn with the model.")

  @Argument(
    help: ArgumentHelp("A checkpoint (.safetensors) or diffusers folder.", valueName: "model"), completion: .file())
  var model: String?

  @Flag(help: "Show the built-in demonstration model.")
  var demo = false

  func validate() throws {
    guard (model != nil) != demo else {
      throw ValidationError("Name one model: a checkpoint, a diffusers folder, or --demo.")
    }
    if model?.isEmpty == true { throw ValidationError("The model's path is empty: name a checkpoint or a folder.") }
  }

  func run() throws {
    let report = try model.map { try ModelReport(inspecting: URL(literalPath: $0)) } ?? .demonstration()
    try StandardOutput.show(report.description + "\n")
    if let problem = report.problem { throw ImagineError(.incompleteModel, problem) }
  }
}

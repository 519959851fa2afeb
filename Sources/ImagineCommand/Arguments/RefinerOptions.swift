import ArgumentParser
import Foundation
import Imagine

/// A second model that goes on with a picture.
struct RefinerOptions: ParsableArguments {
  @Option(
    name: .customLong("refiner"),
    help: ArgumentHelp(
      "A model that does the last steps, as Stable Diffusion XL's refiner: a checkpoint or diffusers folder.",
      valueName: "path"), completion: .file())
  var path: String?

  @Option(
    name: .customLong("refiner-start"), parsing: .unconditional,
    help: ArgumentHelp(
      "The share of the noise that is gone when the refiner begins, 0 to 1. Default: \(Self.usualStart).",
      valueName: "x"))
  var start: Double?

  static let usualStart = 0.8

  func validate() throws {
    if path?.isEmpty == true { throw ValidationError("--refiner is empty: name a checkpoint or a folder.") }
    if start != nil, path == nil { throw ValidationError("--refiner-start is for --refiner: give both or neither.") }
    if let start, !(0...1 ~= start) { throw ValidationError(Self.problem(start)) }
  }

  /// What is wrong with a start that is not from 0 to 1.
  static func problem(_ start: Double) -> String {
    "a refiner cannot begin at \(start): choose a --refiner-start from 0 to 1."
  }
}

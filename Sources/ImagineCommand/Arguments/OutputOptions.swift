import ArgumentParser

/// Where pictures go and what is said about them.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The file to write, or a folder to write into; of several pictures always a folder, made if missing. A file's name "
        + "says its format: .png, .jpg or .webp; .png is added if need be. Default: the prompt and the seed, in the current folder.",
      valueName: "path"),
    completion: .file())
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Draw every line of a text file; - is the standard input. Lines may carry options: --seed 7 --steps 30. Pictures "
        + "that are there from an earlier run are not drawn again.", valueName: "file"),
    completion: .file())
  var prompts: String?

  @Option(
    help: ArgumentHelp(
      "The format of files whose names do not say it: \(Choices.sentence(of: FileFormat.self)). Default: png.",
      valueName: "name"), completion: .list(FileFormat.allCases.map(\.rawValue)), transform: Choices.byRawValue)
  var format: FileFormat?

  @Option(
    help: ArgumentHelp(
      "The quality of .jpg and .webp files, 1 to 100; a .webp of 100 is exact. Default: 90.", valueName: "n"))
  var quality: Int?

  @Option(
    help: ArgumentHelp("Write the picture's intermediate tensors, as safetensors.", valueName: "file"),
    completion: .file())
  var dumpTensors: String?

  @OptionGroup
  var preview: PreviewOptions

  @Flag(help: "Draw nothing: print what memory the picture takes, stage by stage, and how much is free.")
  var estimate = false

  @Flag(help: "Print the estimate as JSON.")
  var json = false

  @Flag(help: "Leave the settings out of the file.")
  var noMetadata = false

  @Flag(name: .shortAndLong, help: "Say nothing but errors.")
  var quiet = false

  @Flag(
    name: .shortAndLong,
    help: "Tell about the model, the device, the time each part takes and the memory; twice, the library's log too.")
  var verbose: Int

  func validate() throws {
    if json, !estimate { throw ValidationError("--json is for --estimate: give both or neither.") }
    if estimate, prompts != nil || dumpTensors != nil {
      throw ValidationError("--estimate is for one picture and draws none: leave out --prompts and --dump-tensors.")
    }
    if prompts?.isEmpty == true { throw ValidationError("--prompts is empty: name a text file, or - for the input.") }
    if quiet, preview.shows {
      throw ValidationError("--quiet and --show contradict each other: give one of them.")
    }
    try FileFormat.require(quality: quality)
    try Verbosity.require(quiet: quiet, verbose: verbose)
  }

  var verbosity: Verbosity { Verbosity(quiet: quiet, verbose: verbose) }
}

/// How much is said on the standard error.
enum Verbosity: Sendable, Comparable {
  case errors, normal, details
  /// What the library logs as well, in its own words.
  case log

  /// - Parameter verbose: how often more was asked for.
  init(quiet: Bool, verbose: Int) {
    guard !quiet else {
      self = .errors
      return
    }
    self =
      switch verbose {
      case 0: .normal
      case 1: .details
      default: .log
      }
  }

  /// - Throws: `ValidationError` if less and more are asked for at once.
  static func require(quiet: Bool, verbose: Int) throws {
    if quiet, verbose > 0 { throw ValidationError("--quiet and --verbose contradict each other: give one of them.") }
  }
}

extension FileFormat {
  /// - Throws: `ValidationError` for a quality that no format has.
  static func require(quality: Int?) throws {
    if let quality, !(1...100 ~= quality) {
      throw ValidationError("a --quality of \(quality) is not possible: choose 1 to 100.")
    }
  }
}

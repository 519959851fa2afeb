import ArgumentParser
import Foundation
import Imagine

/// `imagine inspect model.safetensors`: tells what a model's files hold; of several, what each is.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", _superCommandName: "imagine",
    abstract: "Show what a model's files hold, or what each of many files is.",
    discussion: """
      Of one model: its family, its networks, what it predicts, what it draws with by default, and the names of missing \
      weights. Of a LoRA: the family that it was made for, its kind, ranks and modules, and the words that it was trained \
      with. Of several, and of a folder of them: one line each, whatever they are. Only names and shapes are read.

      The exit status is 1 if no picture can be drawn with the one model, or one of several is not there.

      EXAMPLES:
        imagine inspect v1-5.safetensors
        imagine inspect v1-5.safetensors --vae vae-ft-mse.safetensors
        imagine inspect ~/ComfyUI/models
      """)

  @Argument(
    help: ArgumentHelp("Checkpoints, models' folders, or folders of these.", valueName: "path"), completion: .file())
  var paths: [String] = []

  @Flag(help: "Show the built-in demonstration model.")
  var demo = false

  @Flag(help: "Print it as JSON.")
  var json = false

  @OptionGroup(title: "Model Options")
  var parts: ModelPartOptions

  func validate() throws {
    guard paths.isEmpty == demo else {
      throw ValidationError("Name a checkpoint, a diffusers folder or a folder of models, or --demo.")
    }
    if paths.contains(where: \.isEmpty) {
      throw ValidationError("A path is empty: name a checkpoint or a folder.")
    }
    if let part = parts.given, paths.count != 1 {
      throw ValidationError("\(part) is about one model: name it.")
    }
  }

  func run() throws {
    guard !demo else { return try show(.demonstration()) }
    let urls = paths.map { URL(literalPath: $0) }
    guard urls.count == 1, let url = urls.first else { return try list(urls) }
    let places = try ModelReport.places(in: url)
    guard places.count == 1, places.first == url else {
      guard !places.isEmpty else {
        throw ImagineError(
          .unreadableModel, "The folder '\(url.lastPathComponent)' holds no files of weights: name another one.")
      }
      if let part = parts.given { throw CommandFailure.usage("\(part) is about one model: name its file.") }
      return try list(urls)
    }
    if parts.given == nil, let report = try LoRAReport(inspecting: url) { return try show(report, paths[0]) }
    try show(ModelReport(inspecting: parts.applied(to: url)))
  }

  private func show(_ report: LoRAReport, _ path: String) throws {
    if json {
      try StandardOutput.write(JSONText.of(InspectedFile(report, name: path)))
    } else {
      try StandardOutput.show(report.description + "\n")
    }
  }

  private func show(_ report: ModelReport) throws {
    if json {
      try StandardOutput.write(JSONText.of(InspectedFile(report)))
    } else {
      try StandardOutput.show(report.description + "\n")
    }
    if let problem = report.problem { throw ImagineError(.incompleteModel, problem) }
  }

  /// One line for each, as far as there is anything.
  private func list(_ urls: [URL]) throws {
    var files: [InspectedFile] = [], absent: [String] = []
    for (path, url) in zip(paths, urls) {
      do {
        for place in try ModelReport.places(in: url) {
          files.append(InspectedFile(place, name: name(of: place, below: url, path)))
          if !json, let file = files.last { try StandardOutput.write(file.line + "\n") }
        }
      } catch let error as ImagineError { absent.append(error.message) }
    }
    if json { try StandardOutput.write(JSONText.of(files)) }
    guard absent.isEmpty else { throw ImagineError(.unreadableModel, absent.joined(separator: " ")) }
  }

  /// A place as the person would write it, who named a folder above it by `path`.
  private func name(of place: URL, below url: URL, _ path: String) -> String {
    let whole = place.path(percentEncoded: false), start = url.path(percentEncoded: false)
    guard whole != start, whole.hasPrefix(start) else { return path }
    let rest = whole.dropFirst(start.count).drop { $0 == "/" }
    return path.hasSuffix("/") ? path + rest : "\(path)/\(rest)"
  }
}

/// What is said of one file or folder.
struct InspectedFile: Encodable {
  let path: String
  let summary: String
  /// Whether a picture can be drawn with it by itself.
  var isComplete: Bool?
  var family: String?
  var prediction: String?
  var distillation: String?
  var size: Size?
  var steps: Int?
  var guidanceScale: Float?
  var sampler: String?
  var schedule: String?
  var parameterCount: Int?
  // Of a LoRA.
  var kinds: [String]?
  var ranks: [Int]?
  var moduleCount: Int?
  var triggerWords: [String]?

  init(_ url: URL, name: String) {
    path = name
    if let report = (try? LoRAReport(inspecting: url)) ?? nil {
      summary = report.summary
      add(report)
      return
    }
    summary = ModelReport.summary(of: url)
    if let report = try? ModelReport(inspecting: url) { add(report) }
  }

  init(_ report: ModelReport) {
    path = report.isDemonstration ? report.name : report.url.path(percentEncoded: false)
    summary = report.problem ?? "\(report.family), complete"
    add(report)
  }

  init(_ report: LoRAReport, name: String) {
    path = name
    summary = report.summary
    add(report)
  }

  private mutating func add(_ report: LoRAReport) {
    family = report.family
    kinds = report.kinds
    ranks = report.ranks
    moduleCount = report.moduleCount
    triggerWords = report.triggerWords
  }

  private mutating func add(_ report: ModelReport) {
    isComplete = report.isComplete
    family = report.family
    prediction = report.prediction.rawValue
    distillation = report.distillation
    size = report.defaults.size
    steps = report.defaults.steps
    guidanceScale = report.defaults.guidanceScale
    sampler = report.defaults.sampler.name
    schedule = report.defaults.schedule?.name
    parameterCount = report.parameterCount
  }

  /// `models/sdxl.safetensors: a Stable Diffusion XL model, complete`
  var line: String { TerminalText.line("\(path): \(summary)") }
}

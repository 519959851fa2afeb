public import Foundation
internal import ImagineCheckpoint
package import ImagineEngine
internal import ImagineGraph
internal import ImagineModels

/// What was found in a model's files, down to the names of single weights.
public struct ModelReport: Sendable, CustomStringConvertible {
  /// One network.
  public struct Part: Sendable, Hashable {
    /// diffusers' folder name, such as `unet`.
    public let name: String
    public let parameterCount: Int
    /// Bytes in the file.
    public let byteCount: Int
    /// Formats the weights are stored in, the most frequent first, such as `F16`.
    public let elementTypes: [String]
  }

  public let url: URL
  /// A short name, for metadata.
  public let name: String
  /// Whether it is the model built into this library.
  public let isDemonstration: Bool
  /// `Stable Diffusion 1.x`
  public let family: String
  /// How the files are laid out, in words.
  public let layout: String
  public let parts: [Part]
  /// What the denoiser predicts.
  public let prediction: Prediction
  /// How it was distilled for few steps, such as `turbo` or `lcm`; nil if it was not.
  public let distillation: String?
  /// What is drawn with where a request leaves it open.
  public let defaults: Defaults
  /// Weights the family needs and the files lack, with their shapes.
  public let missing: [String]
  /// Weights of another shape than the family's, with both shapes.
  public let misshapen: [String]
  /// Weights inside the networks that the family's networks do not have: drawn without them, a picture would be another
  /// one than the model's.
  public let foreign: [String]
  /// Weights with a meaning that this family does not use.
  public let unused: [String]
  /// Entries that belong to training or to other programs.
  public let ignored: [String]
  /// Entries whose names mean nothing here.
  public let unrecognised: [String]

  /// Looks into a model without loading it.
  ///
  /// - Throws: `ImagineError` for what cannot be read and for what is no model that can run, saying what it is.
  public init(inspecting url: URL) throws {
    self = try ImagineError.translating(path: url) { ModelReport(try OpenedModel(url)) }
  }

  /// A report on the model built into this library.
  public static func demonstration() throws -> ModelReport {
    try ImagineError.translating { ModelReport(try OpenedModel.demonstration()) }
  }

  /// Looks into a model some of whose networks come from other files.
  ///
  /// - Throws: `ImagineError`.
  public init(inspecting files: ModelFiles) throws {
    self = try ImagineError.translating(path: files.model) { ModelReport(try OpenedModel(files.sources)) }
  }

  package init(_ opened: OpenedModel) {
    name = opened.name
    isDemonstration = opened.source == .demonstration
    family = opened.family.name
    prediction = Prediction(rawValue: opened.model.scheduler.predictionType) ?? .epsilon
    distillation = opened.model.defaults.distillation?.kind.rawValue
    defaults = Defaults(opened)
    guard let checkpoint = opened.checkpoint else {
      url = URL(filePath: opened.name)
      layout = "made on the spot"
      parts = Self.parts(synthetic: opened.model)
      (missing, misshapen, foreign, unused, ignored, unrecognised) = ([], [], [], [], [], [])
      return
    }
    url = checkpoint.url
    layout =
      switch checkpoint.layout {
      case .originalSingleFile: "single file, original names"
      case .diffusersSingleFile: "single file, diffusers names"
      case .diffusersFolder: "diffusers folder"
      }
    parts = checkpoint.parts.map { part in
      let types = part.dataTypes.sorted { ($0.value, $1.key.rawValue) > ($1.value, $0.key.rawValue) }
      return Part(
        name: part.component.rawValue, parameterCount: part.parameterCount, byteCount: part.byteCount,
        elementTypes: types.map(\.key.rawValue))
    }
    let weights = opened.model.report
    missing = weights.missing
    misshapen = weights.misshapen
    unused = weights.unused.filter(opened.family.isSpare)
    foreign =
      weights.unused.filter { !opened.family.isSpare($0) }
      + [Component.unet, .vae].flatMap { checkpoint.strangers[$0] ?? [] }
    ignored = checkpoint.ignored
    unrecognised = checkpoint.unrecognised
  }

  private static func parts(synthetic model: DiffusionModel) -> [Part] {
    let counts = Dictionary(grouping: model.parameters) { $0.key.prefix { $0 != "." } }
    return counts.map { part, parameters in
      Part(
        name: String(part), parameterCount: parameters.reduce(0) { $0 + $1.value.count }, byteCount: 0,
        elementTypes: ["random numbers"])
    }.sorted { $0.name < $1.name }
  }

  /// Whether every weight the family needs is there in the right shape, and none that it knows nothing of.
  public var isComplete: Bool { missing.isEmpty && misshapen.isEmpty && foreign.isEmpty }

  /// Why no picture can be drawn with it, in a sentence; nil if one can.
  public var problem: String? {
    faults.map {
      "\(quoted(url.lastPathComponent)) does not fit \(family): \($0). A report on the model lists them all."
    }
  }

  /// How many weights are wrong, and the first of each kind; nil if none is.
  var faults: String? {
    let problems = [
      (missing, "missing"), (misshapen, "of the wrong shape"), (foreign, "of another structure"),
    ].compactMap { names, words in
      names.first.map { "\(names.count) weights \(words) (\($0.visible())\(names.count > 1 ? ", ..." : ""))" }
    }
    return problems.isEmpty ? nil : problems.joined(separator: "; ")
  }

  /// Parameters of all networks together.
  public var parameterCount: Int { parts.reduce(0) { $0 + $1.parameterCount } }

  /// The report as text, one fact a line.
  public var description: String {
    var lines = ["\(isDemonstration ? "the built-in demonstration model" : url.path(percentEncoded: false))"]
    lines.append("  family          \(family)")
    lines.append("  layout          \(layout)")
    for part in parts {
      let name = part.name.padding(toLength: 16, withPad: " ", startingAt: 0)
      lines.append(
        "  \(name)\(Self.millions(part.parameterCount)) parameters in \(part.elementTypes.joined(separator: ", "))")
    }
    lines.append("  predicts        \(prediction.rawValue)")
    lines.append("  draws with      \(defaults)")
    if let distillation { lines.append("  distilled       for few steps (\(distillation))") }
    for (title, names) in [
      ("missing", missing), ("of the wrong shape", misshapen), ("of another structure", foreign),
      ("not used", unused), ("not recognised", unrecognised), ("ignored", ignored),
    ] where !names.isEmpty {
      lines.append("  \(names.count) \(title):")
      lines += names.map { "    \($0.visible())" }
    }
    lines.append(
      isComplete ? "  complete" : "  not usable: weights are missing, have the wrong shape, or are not known")
    return lines.joined(separator: "\n")
  }

  private static func millions(_ count: Int) -> String {
    "\(Double(count / 10_000) / 100) M"
  }
}

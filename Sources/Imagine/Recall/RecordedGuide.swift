public import Foundation
internal import ImagineImage

/// A network that guided a picture, as the picture's file tells of it. What it looked at is in no file.
public struct RecordedGuide: Sendable, Hashable {
  /// The name of the network's file, without an ending.
  public let name: String
  /// `controlNet` also for a T2I-Adapter; else `ipAdapter`.
  public let kind: ModelKind
  /// The name of an IP-Adapter's image encoder; nil where it is not said.
  public private(set) var encoder: String?
  /// Its file, once that is said.
  public internal(set) var file: URL?
  /// What was made of the picture first; nil where this version cannot do it.
  private var preprocessor: ControlPreprocessor? = ControlPreprocessor.none
  private var weight: Float = 1
  private var start = 0.0
  private var end = 1.0
  private var importance = ControlImportance.balanced
  private var resizing = Resizing.crop
  /// What made its map elsewhere, such as `depth_midas`; nil where that can be done here.
  private(set) var foreignPreprocessor: String?

  /// A ControlNet without a preprocessor.
  init(_ name: String, weight: Float) {
    self.name = Self.fileName(name)
    kind = .controlNet
    self.weight = weight
  }

  /// Reads the settings of a unit of AUTOMATIC1111's ControlNet extension; nil where it names no network.
  init?(unit: String) {
    var fields: [String: String] = [:]
    for field in unit.split(separator: ",") {
      guard let colon = field.firstIndex(of: ":") else { continue }
      let value = field[field.index(after: colon)...].drop { $0 == " " }
      fields[field[..<colon].drop { $0 == " " }.lowercased()] = String(value)
    }
    guard let model = fields["model"], model.lowercased() != "none", !model.isEmpty else { return nil }
    name = Self.fileName(InfotextReader.shortened(model))
    let module = fields["module"] ?? fields["preprocessor"] ?? "none"
    kind = module.lowercased().hasPrefix("ip-adapter") ? .ipAdapter : .controlNet
    encoder = fields["encoder"]
    weight = fields["weight"].flatMap(Float.init) ?? weight
    start = fields["guidance start"].flatMap(Double.init) ?? start
    end = fields["guidance end"].flatMap(Double.init) ?? end
    importance = fields["control mode"].flatMap(ControlImportance.init(unitName:)) ?? importance
    resizing = fields["resize mode"].flatMap(Resizing.init(unitName:)) ?? resizing
    guard kind == .controlNet else { return }
    let thresholds = ["threshold a", "threshold b"].compactMap { fields[$0].flatMap(Double.init) }
    preprocessor = ControlPreprocessor(unitName: module, thresholds)
    if preprocessor == nil { foreignPreprocessor = InfotextReader.shortened(module) }
  }

  /// Without folders, an ending, and the digits behind it that only the extension itself knows.
  private static func fileName(_ text: String) -> String {
    let bare = text.hasSuffix("]") ? text.range(of: " [", options: .backwards).map { text[..<$0.lowerBound] } : nil
    return LibraryEntry.recordedName(bare.map(String.init) ?? text)
  }

  /// With a file, to guide by a picture that is still to be given.
  func controlImage(_ file: URL) -> ControlImage {
    var image = ControlImage(model: file)
    image.preprocessor = preprocessor ?? .none
    (image.weight, image.start, image.end) = (weight, start, end)
    (image.importance, image.resizing) = (importance, resizing)
    return image
  }

  func imagePrompt(_ file: URL, encoder: URL?) -> ImagePrompt {
    var prompt = ImagePrompt(model: file, encoder: encoder, pictures: [])
    (prompt.weight, prompt.start, prompt.end) = (weight, start, end)
    return prompt
  }

  /// What is said of it as long as its file is not.
  var missing: String {
    "It was guided through the \(kind.name) \(name) by a picture that is not in the file: give both again."
  }
}

extension ControlPreprocessor {
  /// By its name in AUTOMATIC1111's extension, and its numbers; nil for one that takes a network.
  fileprivate init?(unitName: String, _ thresholds: [Double]) {
    let label = unitName.lowercased()
    if label.hasPrefix("inpaint_only") {
      self = .inpaint
      return
    }
    guard
      let usual = Preprocessor.names.lazy.compactMap({ Preprocessor(name: $0) }).first(where: { $0.label == label }),
      let kind = Preprocessor(name: usual.name, Array(thresholds.prefix(usual.thresholds.count)))
    else { return nil }
    self.init(kind)
  }
}

extension Resizing {
  fileprivate init?(unitName: String) {
    guard let known = [Resizing.stretch, .crop, .fill].first(where: { $0.unitName == unitName }) else { return nil }
    self = known
  }
}

extension ControlImportance {
  fileprivate init?(unitName: String) {
    guard let known = Self.allCases.first(where: { $0.unitName == unitName }) else { return nil }
    self = known
  }
}

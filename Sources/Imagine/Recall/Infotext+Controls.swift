internal import Foundation
internal import ImagineImage

extension GenerationRequest {
  /// What guides the picture, in the words of AUTOMATIC1111's ControlNet extension, a text for each of its units: ControlNets
  /// and T2I-Adapters, then IP-Adapters, which are units there, too.
  var controlUnits: [String] {
    controls.map(\.unit) + imagePrompts.map(\.unit)
  }
}

extension ControlImage {
  fileprivate var unit: String {
    let thresholds = preprocessor.kind.thresholds
    return unitText(
      [
        ("Module", preprocessor.hidesMask ? "inpaint_only" : preprocessor.kind.label), ("Model", model.unitName),
        ("Weight", Infotext.number(weight)), ("Resize Mode", resizing.unitName),
        ("Threshold A", thresholds.first.map(Infotext.number)),
        ("Threshold B", thresholds.dropFirst().first.map(Infotext.number)), ("Guidance Start", Infotext.number(start)),
        ("Guidance End", Infotext.number(end)), ("Pixel Perfect", "True"), ("Control Mode", importance.unitName),
      ])
  }
}

extension ImagePrompt {
  fileprivate var unit: String {
    unitText(
      [
        ("Module", "ip-adapter_clip"), ("Model", model.unitName), ("Encoder", encoder?.unitName),
        ("Weight", Infotext.number(weight)), ("Guidance Start", Infotext.number(start)),
        ("Guidance End", Infotext.number(end)), ("Pictures", pictures.count > 1 ? "\(pictures.count)" : nil),
      ])
  }
}

private func unitText(_ fields: [(String, String?)]) -> String {
  fields.compactMap { name, value in value.map { "\(name): \($0)" } }.joined(separator: ", ")
}

extension URL {
  /// The name of a file or folder without its ending, and without what would end a field.
  fileprivate var unitName: String {
    let place = standardizedFileURL
    let name = place.hasDirectoryPath ? place.lastPathComponent : place.deletingPathExtension().lastPathComponent
    return name.replacing(",", with: " ")
  }
}

extension Resizing {
  var unitName: String {
    switch self {
    case .stretch, .latent: "Just Resize"
    case .crop: "Crop and Resize"
    case .fill: "Resize and Fill"
    }
  }
}

extension ControlImportance {
  var unitName: String {
    switch self {
    case .balanced: "Balanced"
    case .prompt: "My prompt is more important"
    case .control: "ControlNet is more important"
    case .guess: "Guess mode"
    }
  }
}

/// Names of a T2I-Adapter: the original ones to diffusers'.
///
/// The original numbers its resnets through, two to a level; diffusers numbers the levels. Of light adapters the original
/// has levels, too.
struct T2IAdapterKeyMap: PartKeyMap {
  private let isOriginal: Bool
  private let isLight: Bool

  init(_ shapes: [String: [Int]]) {
    isOriginal = !shapes.keys.contains { $0.containsASCII(".resnets.") }
    isLight = shapes.keys.contains { $0.containsASCII(".out_conv.") }
  }

  func place(_ name: String) -> PartNames.Placement {
    let inner = name.hasPrefix("adapter.") ? String(name.dropFirst("adapter.".count)) : name
    let path = inner.split(separator: ".", omittingEmptySubsequences: false)
    guard let canonical = canonical(inner, path) else { return .unrecognised }
    return .whole("adapter.\(canonical)")
  }

  private func canonical(_ name: String, _ path: [Substring]) -> String? {
    if path.first == "conv_in", path.count == 2 { return name }
    guard path.first == "body", path.count >= 4, let number = path[1].nonNegativeInteger else { return nil }
    guard isOriginal else { return name }
    let rest = path[2...].joined(separator: ".")
    switch path[2] {
    case "body": return path.count == 6 ? "body.\(number).resnets.\(path[3]).\(path[4]).\(path[5])" : nil
    case "block1", "block2": return "body.\(number / 2).resnets.\(number % 2).\(rest)"
    // Of a full adapter at the first resnet of a level; of a light one its levels are numbered already.
    case "in_conv": return "body.\(isLight ? number : number / 2).\(rest)"
    case "out_conv": return "body.\(number).\(rest)"
    default: return nil
    }
  }
}

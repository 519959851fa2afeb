/// Names of a ControlNet: the original ones, with or without `control_model.`, to diffusers'.
///
/// It has half of a UNet, whose names are a UNet's, a network for its picture, and a convolution for each skip. A
/// Control-LoRA has pairs of matrices, `.up` and `.down`, in place of most weights.
struct ControlNetKeyMap: PartKeyMap {
  private let unet: UNetKeyMap
  /// Whether the file is a whole model, in which one prefix tells the ControlNet.
  private let isPrefixed: Bool

  init(_ shapes: [String: [Int]]) {
    isPrefixed = shapes.keys.contains { $0.hasPrefix(Self.prefix) }
    var inner: [String: [Int]] = [:]
    for (name, shape) in shapes { inner[Self.withoutPrefix(name)] = shape }
    unet = UNetKeyMap(inner)
  }

  private static let prefix = "control_model."

  private static func withoutPrefix(_ name: String) -> String {
    name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
  }

  func place(_ name: String) -> PartNames.Placement {
    if name == "lora_controlnet" || name == "difference" { return .marker }
    if isPrefixed, !name.hasPrefix(Self.prefix) { return .elsewhere }
    guard let canonical = canonical(Self.withoutPrefix(name)) else { return .unrecognised }
    return .whole(canonical)
  }

  private func canonical(_ name: String) -> String? {
    if name.hasPrefix("controlnet_") { return name }
    let path = name.split(separator: ".", omittingEmptySubsequences: false)
    switch path.first {
    case "input_hint_block" where path.count == 3:
      guard let number = path[1].nonNegativeInteger, number % 2 == 0 else { return nil }
      return "controlnet_cond_embedding.\(Self.hintLayer(number)).\(path[2])"
    case "zero_convs" where path.count == 4 && path[2] == "0":
      return path[1].nonNegativeInteger.map { "controlnet_down_blocks.\($0).\(path[3])" }
    case "middle_block_out" where path.count == 3 && path[1] == "0": return "controlnet_mid_block.\(path[2])"
    case "up_blocks", "conv_norm_out", "conv_out", "output_blocks", "out": return nil
    case "input_blocks" where name.hasPrefix("input_blocks.0.0."): return "conv_in.\(path[3...].joined(separator: "."))"
    default: return unet.canonical(name)
    }
  }

  /// The convolutions of the network for the picture are 0, 2, ... 14: the first and the last have names of their own.
  private static func hintLayer(_ number: Int) -> String {
    switch number {
    case 0: "conv_in"
    case 14: "conv_out"
    default: "blocks.\(number / 2 - 1)"
    }
  }
}

/// Names of the tiny VAE (TAESD, madebyollin/taesd): those of its own two files and of ComfyUI, to diffusers.
///
/// All number the layers of two sequences. The original decoder's has the clamp of its input as its first, which diffusers
/// does not count.
struct TinyVAEKeyMap {
  /// Which half a file is whose names begin with the layer's number; nil for other files.
  private let half: Substring?

  /// - Parameter names: the VAE's tensors, without prefix.
  init(_ names: some Sequence<String>) {
    let names = Set(names)
    if names.contains("0.weight"), names.contains("1.conv.0.weight") {
      half = "encoder"
    } else {
      half = names.contains("1.weight") && names.contains("3.conv.0.weight") ? "decoder" : nil
    }
  }

  /// The diffusers name; nil when the name belongs to no such VAE.
  func canonical(_ name: String) -> String? {
    var path = name.split(separator: ".", omittingEmptySubsequences: false)[...]
    var half = self.half
    var countsClamp = true
    switch path.first {
    case "encoder", "decoder":
      half = path.removeFirst()
      if path.first == "layers" {
        path.removeFirst()
        countsClamp = false
      }
    case "taesd_encoder": (half, path) = ("encoder", path.dropFirst())
    case "taesd_decoder": (half, path) = ("decoder", path.dropFirst())
    default: break
    }
    guard let half, let number = path.first?.nonNegativeInteger, number < 1000 else { return nil }
    let layer = number - (half == "decoder" && countsClamp ? 1 : 0)
    guard layer >= 0, Self.parts.contains(path.dropFirst().joined(separator: ".")) else { return nil }
    return "\(half).layers.\(layer).\(path.dropFirst().joined(separator: "."))"
  }

  private static let parts = Set(
    ["", "conv.0.", "conv.2.", "conv.4.", "skip."].flatMap { ["\($0)weight", "\($0)bias"] })
}

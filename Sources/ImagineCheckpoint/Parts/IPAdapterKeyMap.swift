/// Names of an IP-Adapter, as its authors publish it, to those of diffusers' projections, and to the running number of each
/// cross-attention.
///
/// The authors number all attentions of the UNet, of which the odd ones look at the prompt: 1, 3, 5, ... Here they are 0, 1,
/// 2, ..., in the same order: down blocks, up blocks, middle.
struct IPAdapterKeyMap: PartKeyMap {
  func place(_ name: String) -> PartNames.Placement {
    let path = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    switch path.first {
    case "ip_adapter":
      guard path.count == 4, let number = Substring(path[1]).nonNegativeInteger, number % 2 == 1,
        ["to_k_ip", "to_v_ip"].contains(path[2])
      else { return .unrecognised }
      return .whole("attentions.\(number / 2).\(path[2]).\(path[3])")
    case "image_proj": return projection(Array(path.dropFirst()))
    default: return .unrecognised
    }
  }

  private func projection(_ path: [String]) -> PartNames.Placement {
    func named(_ words: [String]) -> PartNames.Placement { .whole((["image_proj"] + words).joined(separator: ".")) }
    if path.first == "layers" { return layer(path) }
    if path.count == 2, path[0] == "proj" { return named(["image_embeds", path[1]]) }
    if path.count == 3, path[0] == "proj" {
      let layers = ["0": ["ff", "net", "0", "proj"], "2": ["ff", "net", "2"], "3": ["norm"]]
      return layers[path[1]].map { named($0 + [path[2]]) } ?? .unrecognised
    }
    let known = ["latents", "proj_in", "proj_out", "norm_out", "norm", "image_embeds", "ff"]
    return known.contains(path.first ?? "") ? named(path) : .unrecognised
  }

  /// `layers.N.0.*` is the attention with its norms, `layers.N.1.*` the network after it.
  private func layer(_ path: [String]) -> PartNames.Placement {
    guard path.count >= 4 else { return .unrecognised }
    let layer = "image_proj.layers.\(path[1])", rest = path.dropFirst(3).joined(separator: ".")
    switch (path[2], path[3]) {
    case ("0", "norm1"), ("0", "norm2"):
      return .whole("\(layer).\(path[3] == "norm1" ? "ln0" : "ln1").\(path.dropFirst(4).joined(separator: "."))")
    case ("0", "to_q"): return .whole("\(layer).attn.\(rest)")
    case ("0", "to_kv"):
      return .tensors([("\(layer).attn.to_k.weight", .half(0)), ("\(layer).attn.to_v.weight", .half(1))])
    case ("0", "to_out"): return .whole("\(layer).attn.to_out.0.weight")
    case ("1", "0"): return .whole("\(layer).ff.\(rest)")
    case ("1", "1"): return .whole("\(layer).ff.1.net.0.proj.weight")
    case ("1", "3"): return .whole("\(layer).ff.1.net.2.weight")
    case ("ln0", _), ("ln1", _), ("attn", _), ("ff", _): return .whole((["image_proj"] + path).joined(separator: "."))
    default: return .unrecognised
    }
  }
}

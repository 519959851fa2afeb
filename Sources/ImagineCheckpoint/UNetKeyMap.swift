/// Names of the UNet: original (CompVis "openaimodel") to diffusers.
///
/// The original numbers its blocks through; which of them change the resolution, and so where a level ends, is read from
/// the names present. Any number of levels, of layers in a level and of attentions is mapped.
struct UNetKeyMap {
  /// What a numbered submodule is, told by the names inside it.
  private enum Kind {
    case resnet
    case attention
    case downsampler
    case upsampler
  }

  /// "input_blocks.4.0" and its like, with the diffusers path that stands for it.
  private var modules: [Substring: (path: String, kind: Kind)] = [:]
  /// diffusers has two names for the embedding of an extra vector; SDXL's is `add_embedding`.
  private let labelEmbedding: String

  /// - Parameter shapes: the UNet's tensors by name, without prefix, in either convention.
  init(_ shapes: [String: [Int]]) {
    var blocks: [Substring: [Int: [Int: Kind]]] = [:]
    for name in shapes.keys.sorted() {
      let path = name.split(separator: ".", omittingEmptySubsequences: false)
      guard let first = path.first else { continue }
      if first == "middle_block", path.count > 2, let module = path[1].nonNegativeInteger,
        let kind = Self.kind(path[2])
      {
        // The middle is one block whose modules are numbered.
        blocks[first, default: [:]][0, default: [:]][module] = kind
      } else if first == "input_blocks" || first == "output_blocks", path.count > 3,
        let block = path[1].nonNegativeInteger, let module = path[2].nonNegativeInteger, let kind = Self.kind(path[3])
      {
        blocks[first, default: [:]][block, default: [:]][module] = kind
      }
    }
    // The UNets of SDXL and its refiner do not attend at the finest level; those of SD 2 unCLIP models do, to 1024 channels.
    let isUnclip = shapes.contains { name, shape in
      name.hasPrefix("input_blocks.1.1.") || (name.hasSuffix("attn2.to_k.weight") && shape.last == 1024)
    }
    labelEmbedding = isUnclip ? "class_embedding" : "add_embedding"
    number(blocks["input_blocks"] ?? [:], as: "down_blocks") { "input_blocks.\($0).\($1)" }
    number(blocks["middle_block"] ?? [:], as: nil) { "middle_block.\($1)" }
    number(blocks["output_blocks"] ?? [:], as: "up_blocks") { "output_blocks.\($0).\($1)" }
  }

  private static func kind(_ name: Substring) -> Kind? {
    switch name {
    case "in_layers", "emb_layers", "out_layers", "skip_connection": .resnet
    case "norm", "proj_in", "transformer_blocks", "proj_out": .attention
    case "op": .downsampler
    case "conv": .upsampler
    default: nil
    }
  }

  /// Numbers modules the diffusers way: by level, then by kind.
  private mutating func number(_ blocks: [Int: [Int: Kind]], as levels: String?, original: (Int, Int) -> String) {
    var level = 0
    var resnets = 0
    var attentions = 0
    for (block, kinds) in blocks.sorted(by: { $0.key < $1.key }) {
      let parent = levels.map { "\($0).\(level)" } ?? "mid_block"
      var endsLevel = false
      for (module, kind) in kinds.sorted(by: { $0.key < $1.key }) {
        let path: String
        switch kind {
        case .resnet:
          path = "\(parent).resnets.\(resnets)"
          resnets += 1
        case .attention:
          path = "\(parent).attentions.\(attentions)"
          attentions += 1
        case .downsampler:
          path = "\(parent).downsamplers.0"
          endsLevel = true
        case .upsampler:
          path = "\(parent).upsamplers.0"
          endsLevel = true
        }
        modules[Substring(original(block, module))] = (path, kind)
      }
      if endsLevel { (level, resnets, attentions) = (level + 1, 0, 0) }
    }
  }

  /// The diffusers name; nil when the name belongs to no such UNet.
  func canonical(_ name: String) -> String? {
    let path = name.split(separator: ".", omittingEmptySubsequences: false)
    guard let first = path.first else { return nil }
    if Self.isDiffusersName(path) { return name }
    if let top = Self.tops.first(where: { name.hasPrefix($0.original) }) {
      return top.canonical + name.dropFirst(top.original.count)
    }
    if first == "label_emb" {
      if name == "label_emb.weight" { return "class_embedding.weight" }
      guard path.count == 4, path[1] == "0", let linear = ["0": "linear_1", "2": "linear_2"][path[2]] else {
        return nil
      }
      return "\(labelEmbedding).\(linear).\(path[3])"
    }
    let depth = first == "middle_block" ? 2 : 3
    guard path.count > depth, let module = modules[Substring(path[..<depth].joined(separator: "."))] else { return nil }
    let rest = path[depth...].joined(separator: ".")
    switch module.kind {
    case .attention: return "\(module.path).\(rest)"
    case .upsampler: return rest.hasPrefix("conv.") ? "\(module.path).\(rest)" : nil
    case .downsampler: return rest.hasPrefix("op.") ? "\(module.path).conv.\(rest.dropFirst(3))" : nil
    case .resnet:
      guard let layer = Self.resnetLayers.first(where: { rest.hasPrefix($0.original) }) else { return nil }
      return "\(module.path).\(layer.canonical)\(rest.dropFirst(layer.original.count))"
    }
  }

  private static func isDiffusersName(_ path: [Substring]) -> Bool {
    switch path[0] {
    case "conv_in", "time_embedding", "add_embedding", "class_embedding", "conv_norm_out", "conv_out": true
    case "mid_block": path.count > 3 && (path[1] == "resnets" || path[1] == "attentions")
    case "down_blocks": path.count > 4 && ["resnets", "attentions", "downsamplers"].contains(path[2])
    case "up_blocks": path.count > 4 && ["resnets", "attentions", "upsamplers"].contains(path[2])
    default: false
    }
  }

  private static let tops: [(original: String, canonical: String)] = [
    ("input_blocks.0.0.weight", "conv_in.weight"), ("input_blocks.0.0.bias", "conv_in.bias"),
    ("time_embed.0.", "time_embedding.linear_1."), ("time_embed.2.", "time_embedding.linear_2."),
    ("time_embed.cond_proj.", "time_embedding.cond_proj."),
    ("out.0.", "conv_norm_out."), ("out.2.", "conv_out."),
  ]

  private static let resnetLayers: [(original: String, canonical: String)] = [
    ("in_layers.0.", "norm1."), ("in_layers.2.", "conv1."), ("out_layers.0.", "norm2."), ("out_layers.3.", "conv2."),
    ("emb_layers.1.", "time_emb_proj."), ("skip_connection.", "conv_shortcut."),
  ]
}

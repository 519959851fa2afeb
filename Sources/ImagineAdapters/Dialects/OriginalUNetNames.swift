/// The original names of a UNet's modules (CompVis "openaimodel"), by diffusers' paths: what `UNetKeyMap` of the checkpoint
/// reads, the other way round, for any number of levels, layers and attentions.
package struct OriginalUNetNames {
  private var blocks: [String: String] = [:]

  /// - Parameter paths: of all modules inside the UNet, in diffusers' names.
  package init(_ paths: some Sequence<String>) {
    // "down_blocks.0" and its like, with the kinds and numbers of what is in them.
    var levels: [String: [Int: Set<Kind>]] = [:]
    for path in paths {
      let parts = path.split(separator: ".", omittingEmptySubsequences: false)
      let depth = parts.first == "mid_block" ? 1 : 2
      guard parts.count > depth + 1, let kind = Kind(rawValue: String(parts[depth])), let number = Int(parts[depth + 1])
      else { continue }
      levels[parts[..<depth].joined(separator: "."), default: [:]][number, default: []].insert(kind)
    }
    // The first block is the convolution that takes the latents.
    number(levels, "down_blocks", as: "input_blocks", from: 1, resizer: .downsamplers)
    number(levels, "up_blocks", as: "output_blocks", from: 0, resizer: .upsamplers)
    numberMiddle(levels["mid_block"] ?? [:])
  }

  private enum Kind: String {
    case resnets, attentions, downsamplers, upsamplers
  }

  /// Each resnet begins a block, with the attention behind it. What makes the picture smaller is a block of its own; what
  /// makes it larger ends the last one of its level.
  private mutating func number(
    _ levels: [String: [Int: Set<Kind>]], _ name: String, as original: String, from first: Int, resizer: Kind
  ) {
    var block = first
    var level = 0
    while let modules = levels["\(name).\(level)"] {
      var place = (block: block, module: 0)
      for (number, kinds) in modules.sorted(by: { $0.key < $1.key }) where kinds.contains(.resnets) {
        place = (block, 0)
        for kind in [Kind.resnets, .attentions] where kinds.contains(kind) {
          blocks["\(name).\(level).\(kind.rawValue).\(number)"] = "\(original).\(block).\(place.module)"
          place.module += 1
        }
        block += 1
      }
      if modules[0]?.contains(resizer) ?? false {
        if resizer == .downsamplers {
          place = (block, 0)
          block += 1
        }
        blocks["\(name).\(level).\(resizer.rawValue).0"] = "\(original).\(place.block).\(place.module)"
      }
      level += 1
    }
  }

  private mutating func numberMiddle(_ modules: [Int: Set<Kind>]) {
    var module = 0
    // A resnet, and in turn an attention and a resnet.
    for (number, kinds) in modules.sorted(by: { $0.key < $1.key }) {
      for kind in [Kind.resnets, .attentions] where kinds.contains(kind) {
        blocks["mid_block.\(kind.rawValue).\(number)"] = "middle_block.\(module)"
        module += 1
      }
    }
  }

  /// The original path of a module; nil for one that the original has not.
  package subscript(_ path: String) -> String? {
    if let top = Self.tops[path] { return top }
    let parts = path.split(separator: ".", omittingEmptySubsequences: false)
    let depth = parts.first == "mid_block" ? 3 : 4
    guard parts.count >= depth, let block = blocks[parts[..<depth].joined(separator: ".")] else { return nil }
    let kind = parts[depth - 2], inner = parts[depth...].joined(separator: ".")
    switch kind {
    case "resnets": return Self.resnetLayers[inner].map { "\(block).\($0)" }
    case "downsamplers": return inner == "conv" ? "\(block).op" : nil
    case "upsamplers": return inner == "conv" ? "\(block).conv" : nil
    default: return inner.isEmpty ? nil : "\(block).\(inner)"
    }
  }

  private static let tops = [
    "conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "time_embedding.cond_proj": "time_embed.cond_proj",
    "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2",
    "class_embedding.linear_1": "label_emb.0.0", "class_embedding.linear_2": "label_emb.0.2",
  ]

  private static let resnetLayers = [
    "norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
  ]
}

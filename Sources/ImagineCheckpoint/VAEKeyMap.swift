/// Names of the VAE: original (CompVis "autoencoder") and early diffusers, to diffusers; and those of the tiny one.
struct VAEKeyMap {
  /// The original numbers the decoder's levels from fine to coarse, diffusers from coarse to fine.
  private let lastUpLevel: Int
  private let tiny: TinyVAEKeyMap

  /// - Parameter names: the VAE's tensors, without prefix, in any convention.
  init(_ names: some Sequence<String>) {
    var last = 0
    for name in names where name.hasPrefix("decoder.up.") {
      if let level = name.dropFirst("decoder.up.".count).prefix(while: { $0 != "." }).nonNegativeInteger {
        last = max(last, level)
      }
    }
    lastUpLevel = last
    tiny = TinyVAEKeyMap(names)
  }

  /// The diffusers name; nil when the name belongs to no such VAE.
  func canonical(_ name: String) -> String? {
    if let name = tiny.canonical(name) { return name }
    let path = name.split(separator: ".", omittingEmptySubsequences: false)
    guard path.count >= 2 else { return nil }
    switch path[0] {
    case "quant_conv", "post_quant_conv": return name
    case "encoder", "decoder": break
    default: return nil
    }
    let rest = path[2...].joined(separator: ".")
    switch path[1] {
    case "conv_in", "conv_out", "conv_norm_out": return name
    case "norm_out": return "\(path[0]).conv_norm_out.\(rest)"
    case "mid": return middle(path)
    case "down", "up": return level(path)
    // diffusers' own names; its attention layers were renamed once.
    case "mid_block", "down_blocks", "up_blocks": return attentionLayer(name) ?? name
    default: return nil
    }
  }

  private func middle(_ path: [Substring]) -> String? {
    guard path.count >= 5, let (kind, number) = path[2].splitAtUnderscore, number >= 1 else { return nil }
    switch kind {
    case "block": return "\(path[0]).mid_block.resnets.\(number - 1).\(Self.resnetLayer(path[3...]))"
    case "attn":
      return attentionLayer("\(path[0]).mid_block.attentions.\(number - 1).\(path[3...].joined(separator: "."))")
    default: return nil
    }
  }

  private func level(_ path: [Substring]) -> String? {
    guard path.count >= 6, let original = path[2].nonNegativeInteger, original <= lastUpLevel || path[1] == "down"
    else {
      return nil
    }
    let parent =
      path[1] == "down" ? "\(path[0]).down_blocks.\(original)" : "\(path[0]).up_blocks.\(lastUpLevel - original)"
    switch path[3] {
    case "block": return "\(parent).resnets.\(path[4]).\(Self.resnetLayer(path[5...]))"
    case "attn": return attentionLayer("\(parent).attentions.\(path[4]).\(path[5...].joined(separator: "."))")
    case "downsample" where path[4] == "conv": return "\(parent).downsamplers.0.conv.\(path[5])"
    case "upsample" where path[4] == "conv": return "\(parent).upsamplers.0.conv.\(path[5])"
    default: return nil
    }
  }

  private static func resnetLayer(_ rest: ArraySlice<Substring>) -> String {
    let text = rest.joined(separator: ".")
    return text.hasPrefix("nin_shortcut.") ? "conv_shortcut." + text.dropFirst("nin_shortcut.".count) : text
  }

  /// Gives the layer of an attention its present name; nil when the name is of no attention layer.
  private func attentionLayer(_ name: String) -> String? {
    var path = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard path.count >= 6, let attentions = path.firstIndex(of: "attentions"), path.count > attentions + 2,
      let present = Self.attentionLayers[path[attentions + 2]]
    else { return nil }
    path[attentions + 2] = present
    return path.joined(separator: ".")
  }

  private static let attentionLayers = [
    "group_norm": "group_norm", "to_q": "to_q", "to_k": "to_k", "to_v": "to_v", "to_out": "to_out",
    "norm": "group_norm", "q": "to_q", "k": "to_k", "v": "to_v", "proj_out": "to_out.0",
    "query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0",
  ]

  /// The original and early diffusers files keep the attention's linear layers as 1×1 convolutions.
  ///
  /// - Returns: the shape without its trailing ones, for a weight of such a layer; the shape as it is otherwise.
  static func canonicalShape(_ shape: [Int], of name: String) -> [Int] {
    guard name.contains(".attentions."), shape.count > 2, shape[2...].allSatisfy({ $0 == 1 }) else { return shape }
    return Array(shape[..<2])
  }
}

extension Substring {
  /// The number written in plain digits; nil for anything else.
  var nonNegativeInteger: Int? {
    guard !isEmpty, utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else { return nil }
    return Int(self)
  }

  /// "block_1" as ("block", 1).
  fileprivate var splitAtUnderscore: (kind: Substring, number: Int)? {
    guard let index = lastIndex(of: "_"), let number = self[self.index(after: index)...].nonNegativeInteger else {
      return nil
    }
    return (self[..<index], number)
  }
}

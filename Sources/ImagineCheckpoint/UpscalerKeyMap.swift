/// Names of image upscalers, wherever a trainer put them, to those of BasicSR's networks.
///
/// ESRGAN has three dialects for one network: BasicSR's (Real-ESRGAN), that of ESRGAN's own repository, and the older one
/// that numbers the layers of a sequence (`model.N`). SwinIR and Compact have one.
struct UpscalerKeyMap {
  /// What stands before every name that counts: the dictionary that a trainer saved the weights in, and the wrapper of a
  /// network that was trained on several cards.
  let root: String
  /// The number of the last layer of `model.N`; nil where names are words.
  private let lastLayer: Int?

  /// Dictionaries of weights in a file of PyTorch, the best first: averaged weights are what a model is meant to run with.
  private static let dictionaries = ["params_ema.", "params-ema.", "params.", "state_dict.", "model.", "net."]
  private static let wrappers = ["module.", "netG."]

  /// - Parameter names: all names of the file.
  init(_ names: some Collection<String>) {
    var root = ""
    // A sequence called `model` is no dictionary.
    let isSequence = names.contains { $0.hasPrefix("model.0.") || $0.hasPrefix("model.1.sub.") }
    let dictionary = Self.dictionaries.first { dictionary in
      !(isSequence && dictionary == "model.") && names.contains { $0.hasPrefix(dictionary) }
    }
    if let dictionary { root = dictionary }
    let inside = names.filter { $0.hasPrefix(root) }
    if let wrapper = Self.wrappers.first(where: { wrapper in inside.allSatisfy { $0.hasPrefix(root + wrapper) } }) {
      root += wrapper
    }
    self.root = root
    let numbers = inside.compactMap { name -> Int? in
      let path = name.dropFirst(root.count).split(separator: ".")
      return path.first == "model" && path.count == 3 ? path[1].nonNegativeInteger : nil
    }
    lastLayer = numbers.max()
  }

  /// The canonical name; nil for a name outside of the weights.
  func canonical(_ name: String) -> String? {
    guard name.hasPrefix(root) else { return nil }
    let path = name.dropFirst(root.count).split(separator: ".", omittingEmptySubsequences: false)
    guard let first = path.first else { return nil }
    if first == "model", let lastLayer, let numbered = Self.numbered(path.dropFirst(), lastLayer: lastLayer) {
      return numbered
    }
    var words = path
    switch first {
    case "RRDB_trunk": words = ["body"] + path.dropFirst().map(Self.block)
    case "trunk_conv": words[0] = "conv_body"
    case "HRconv": words[0] = "conv_hr"
    default: if first.hasPrefix("upconv") { words[0] = "conv_up" + first.dropFirst("upconv".count) }
    }
    return words.joined(separator: ".")
  }

  /// A layer of the old dialect: each upsampling is three layers of the sequence, without weights but for the second.
  private static func numbered(_ path: ArraySlice<Substring>, lastLayer: Int) -> String? {
    guard let layer = path.first?.nonNegativeInteger else { return nil }
    let rest = path.dropFirst()
    if layer == 1, rest.first == "sub" {
      let inner = rest.dropFirst()
      guard let block = inner.first?.nonNegativeInteger else { return nil }
      // The last of the blocks is a convolution.
      if inner.count == 2, let kind = inner.last { return "conv_body.\(kind)" }
      var words = inner.dropFirst().map(Self.block)
      // A convolution and its activation are a sequence of their own.
      if words.count == 4, words[2] == "0" { words.remove(at: 2) }
      return (["body", "\(block)"] + words.map(String.init)).joined(separator: ".")
    }
    guard rest.count == 1, let kind = rest.last else { return nil }
    switch layer {
    case 0: return "conv_first.\(kind)"
    case lastLayer: return "conv_last.\(kind)"
    case lastLayer - 2: return "conv_hr.\(kind)"
    default: return layer % 3 == 0 ? "conv_up\(layer / 3).\(kind)" : nil
    }
  }

  private static func block(_ word: Substring) -> Substring {
    word.hasPrefix("RDB") ? "rdb" + word.dropFirst("RDB".count) : word
  }
}

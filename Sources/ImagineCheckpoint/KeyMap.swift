/// How a canonical tensor lies in the tensor that holds it.
enum TensorPart: Sendable, Hashable {
  case whole
  /// The first, second or last third of the rows: query, key and value kept as one matrix.
  case third(Int)
  /// The first or second half of the rows: key and value kept as one matrix.
  case half(Int)
  /// Rows and columns exchanged.
  case transposed
}

/// Source names to canonical names: the component's folder name, then the diffusers (UNet, VAE) or transformers (text
/// encoder) name, as in `unet.conv_in.weight`, `vae.decoder.conv_out.bias`,
/// `text_encoder.text_model.final_layer_norm.weight`.
///
/// Sources are original single files (the "LDM" names), diffusers files, and what programs made of both.
struct KeyMap {
  /// What a source tensor is.
  enum Placement {
    /// It holds these canonical tensors. Where several sources claim one of them, the lowest rank is meant.
    case tensors([(name: String, part: TensorPart)], rank: Int)
    /// It is the number that the stored values of these canonical fp8 tensors are to be multiplied by.
    case scale(of: [String])
    /// No prediction needs it.
    case ignored
    /// It means nothing; with the network that its name places it in, if it does.
    case unrecognised(in: Component?)
  }

  private let component: Component?
  private let refinerText: Bool
  private let unet: UNetKeyMap
  private let vae: VAEKeyMap

  /// - Parameters:
  ///   - shapes: all tensors of the source, by source name.
  ///   - component: what the source is, when its place says so; nil for a file whose names say it.
  init(_ shapes: [String: [Int]], component: Component? = nil) {
    self.component = component
    var unet: [String: [Int]] = [:]
    var vae: [String] = []
    for (name, shape) in shapes {
      let (found, rest, _) = Self.split(name, component)
      if found == .unet || found == nil { unet[rest] = shape }
      if found == .vae || found == nil { vae.append(rest) }
    }
    // Told from SD 2's text encoder in the same place by its width, and by a UNet that takes a vector beside the prompt and
    // does not attend at its finest level.
    let takesVector = ["label_emb.0.0.weight", "add_embedding.linear_1.weight"].contains { unet[$0] != nil }
    let attendsFirst = unet.keys.contains {
      $0.hasPrefix("input_blocks.1.1.") || $0.hasPrefix("down_blocks.0.attentions.")
    }
    refinerText =
      shapes["conditioner.embedders.0.model.positional_embedding"]?.last == 1280 || (takesVector && !attendsFirst)
    self.unet = UNetKeyMap(unet)
    self.vae = VAEKeyMap(vae)
  }

  /// Separates the prefix that says which network a tensor belongs to from the name inside the network.
  private static func split(_ name: String, _ component: Component?) -> (Component?, rest: String, rank: Int) {
    for (rank, prefix) in Component.prefixes.enumerated() where name.hasPrefix(prefix.text) {
      // Inside a component's own file a prefix of another component is no prefix.
      guard component == nil || component == prefix.component else { continue }
      var rest = name.dropFirst(prefix.text.count)
      var repeats = 0
      // Some programs save what they loaded with the prefix once more.
      while rest.hasPrefix(prefix.text) {
        rest = rest.dropFirst(prefix.text.count)
        repeats += 1
      }
      return (prefix.component, String(rest), 1 + rank + repeats * Component.prefixes.count)
    }
    return (component, name, component == nil ? Component.prefixes.count : 0)
  }

  /// Says what the tensor of this name is.
  func place(_ name: String) -> Placement {
    if IgnorableNames.contains(name) || name == "position_ids" { return .ignored }
    // A LoRA in diffusers' names says of which tensor it is a change.
    if name.containsASCII("lora") { return .unrecognised(in: Self.split(name, component).0) }
    for suffix in [".scale_weight", ".weight_scale"] where name.hasSuffix(suffix) {
      if case .tensors(let tensors, _) = place(name.dropLast(suffix.count) + ".weight") {
        return .scale(of: tensors.map(\.name))
      }
    }
    let (component, rest, rank) = Self.split(name, component)
    guard var component else { return placeBare(rest, rank: rank) }
    if refinerText, name.hasPrefix("conditioner.embedders.0.model.") { component = .textEncoder2 }
    // Names without `text_model.` rank behind names with it.
    let better = rest.hasPrefix("text_model.") ? 0 : 1000
    guard let tensors = canonical(rest, component) else { return .unrecognised(in: component) }
    return .tensors(tensors, rank: rank + better)
  }

  /// A file of one network whose names have no prefix.
  private func placeBare(_ name: String, rank: Int) -> Placement {
    for component in [Component.unet, .vae, .textEncoder] {
      if let tensors = canonical(name, component) { return .tensors(tensors, rank: rank) }
    }
    return .unrecognised(in: nil)
  }

  private func canonical(_ name: String, _ component: Component) -> [(name: String, part: TensorPart)]? {
    let tensors: [(name: String, part: TensorPart)]? =
      switch component {
      case .unet: unet.canonical(name).map { [($0, .whole)] }
      case .vae: vae.canonical(name).map { [($0, .whole)] }
      case .textEncoder, .textEncoder2: CLIPKeyMap.canonical(name)
      }
    return tensors?.map { ("\(component.rawValue).\($0.name)", $0.part) }
  }
}

/// Source names of a network beside a model to canonical names: the kind's root, then diffusers' (transformers') name.
struct PartNames {
  /// What a source tensor is.
  enum Placement {
    /// It holds these canonical tensors.
    case tensors([(name: String, part: TensorPart)])
    /// It says something by being there.
    case marker
    /// It belongs to a network that is not asked for.
    case elsewhere
    case unrecognised
  }

  private let root: String
  private let names: any PartKeyMap

  /// - Parameter shapes: all tensors of the source, by source name.
  init(_ kind: PartKind, _ shapes: [String: [Int]]) {
    root = kind.root
    names =
      switch kind {
      case .controlNet: ControlNetKeyMap(shapes)
      case .t2iAdapter: T2IAdapterKeyMap(shapes)
      case .ipAdapter: IPAdapterKeyMap()
      case .imageEncoder: CLIPVisionKeyMap()
      }
  }

  func place(_ name: String) -> Placement {
    switch names.place(name) {
    case .tensors(let tensors): .tensors(tensors.map { ("\(root).\($0.name)", $0.part) })
    case let other: other
    }
  }
}

/// The names of one kind of network, without its root.
protocol PartKeyMap {
  func place(_ name: String) -> PartNames.Placement
}

extension PartNames.Placement {
  static func whole(_ name: String) -> PartNames.Placement { .tensors([(name, .whole)]) }
}

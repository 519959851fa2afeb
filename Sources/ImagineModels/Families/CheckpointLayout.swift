package import ImagineCheckpoint
package import ImagineGraph

/// What there is to learn a model's structure from: the shapes of its weights and whatever notes travel with them.
///
/// Widths, depths and counts are read off the weights, which cannot lie about them; the notes are asked only for what
/// no shape shows.
package struct CheckpointLayout: Sendable {
  /// By canonical path.
  package let shapes: [String: Shape]
  /// diffusers' configurations by component: `unet`, `vae`, `text_encoder`, `scheduler`; and `defaults`.
  package let configurations: [String: JSONValue]

  package init(shapes: [String: Shape], configurations: [String: JSONValue]) {
    self.shapes = shapes
    self.configurations = configurations
  }

  /// One extent of a weight; nil if there is no such weight or axis.
  func extent(_ path: String, _ axis: Int) -> Int? {
    shapes[path].flatMap { $0.dimensions.indices.contains(axis) ? $0[axis] : nil }
  }

  /// How many consecutive numbers, from 0, make a weight's path: `path(0)`, `path(1)`, ...
  func count(_ path: (Int) -> String) -> Int {
    var count = 0
    while shapes[path(count)] != nil { count += 1 }
    return count
  }

  func note(_ component: String, _ key: String) -> JSONValue? { configurations[component]?[key] }
}

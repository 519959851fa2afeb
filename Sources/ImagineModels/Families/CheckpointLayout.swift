package import ImagineCheckpoint
package import ImagineGraph

/// What there is to learn a model's structure from: the shapes of its weights and whatever notes travel with them.
///
/// Widths, depths and counts are read off the weights, which cannot lie about them; the notes are asked only for what
/// no shape shows. Both come from files that anybody may have written, so every number has bounds.
package struct CheckpointLayout: Sendable {
  /// By canonical path.
  package let shapes: [String: Shape]
  /// diffusers' configurations by component: `unet`, `vae`, `text_encoder`, `scheduler`; `model_index`, `tokenizer`;
  /// `defaults`; and `training`, the original program's.
  package let configurations: [String: JSONValue]
  /// The notes in the file's header.
  package let notes: [String: String]
  /// Names of tensors that are no weights of any network.
  package let markers: Set<String>
  /// The numbers in those of them that say something by their values.
  package let markerValues: [String: [Float]]

  package init(
    shapes: [String: Shape], configurations: [String: JSONValue], notes: [String: String] = [:],
    markers: Set<String> = [], markerValues: [String: [Float]] = [:]
  ) {
    self.markerValues = markerValues
    self.shapes = shapes
    self.configurations = configurations
    self.notes = notes
    self.markers = markers
  }

  /// The largest width of a layer: far above any real one, so that sums and products of widths need no care.
  static let widths = 1...1 << 16

  /// One extent of a weight; nil if there is no such weight or axis.
  ///
  /// - Throws: `ModelError` for an extent that is no width.
  func width(_ path: String, _ axis: Int) throws -> Int? {
    guard let shape = shapes[path], shape.dimensions.indices.contains(axis) else { return nil }
    guard Self.widths ~= shape[axis] else {
      throw ModelError.contradiction("the weight \(path) has the shape \(shape)")
    }
    return shape[axis]
  }

  /// How many consecutive numbers, from 0, make a weight's path: `path(0)`, `path(1)`, ...
  ///
  /// - Parameter limit: more are no network; `what` says of what.
  /// - Throws: `ModelError` above the limit.
  func count(atMost limit: Int, _ what: String, _ path: (Int) -> String) throws -> Int {
    var count = 0
    while shapes[path(count)] != nil {
      count += 1
      guard count <= limit else { throw ModelError.contradiction("it has more than \(limit) \(what)") }
    }
    return count
  }
}

/// Notes, by the component and the key they are kept under. A note of another type or out of bounds is an error: what is
/// asked for and cannot be done must not pass for what was never asked for.
extension CheckpointLayout {
  func note(_ component: String, _ keys: String...) -> JSONValue? {
    var value = configurations[component]
    for key in keys { value = value?[key] }
    return value
  }

  func integer(_ component: String, _ key: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let value = note(component, key) else { return nil }
    guard let number = value.int, range ~= number else {
      throw ModelError.setting(
        component, key, value, "a whole number from \(range.lowerBound) to \(range.upperBound) is needed")
    }
    return number
  }

  func number(_ component: String, _ key: String, in range: ClosedRange<Double>) throws -> Double? {
    guard let value = note(component, key) else { return nil }
    guard let number = value.double, range ~= number else {
      throw ModelError.setting(
        component, key, value, "a number from \(range.lowerBound) to \(range.upperBound) is needed")
    }
    return number
  }

  /// The value that a word stands for.
  func choice<Value>(_ component: String, _ key: String, among choices: [String: Value]) throws -> Value? {
    guard let value = note(component, key) else { return nil }
    guard let word = value.word, let choice = choices[word] else {
      let known = choices.keys.sorted().joined(separator: ", ")
      throw ModelError.setting(component, key, value, "this version knows \(known)")
    }
    return choice
  }
}

func divides(_ part: Int, _ whole: Int) -> Bool { part >= 1 && whole >= part && whole % part == 0 }

/// - Throws: `ModelError` that says how the model contradicts itself.
func require(_ condition: Bool, _ problem: @autoclosure () -> String) throws {
  guard condition else { throw ModelError.contradiction(problem()) }
}

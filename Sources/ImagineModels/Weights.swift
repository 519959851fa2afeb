package import ImagineGraph

/// Where a layer asks for its weights: a place in the tree of weight paths, like a current directory.
///
/// `weights["conv1"]` goes one step down. A layer asks for each weight with its exact shape; what is missing or
/// mis-shaped is noted in the inventory, all of it, so that one report can name everything.
package struct Weights {
  package let path: String
  private let inventory: WeightInventory

  package init(_ inventory: WeightInventory, path: String) {
    self.inventory = inventory
    self.path = path
  }

  package subscript(_ component: String) -> Weights { Weights(inventory, path: "\(path).\(component)") }
  package subscript(_ component: String, _ index: Int) -> Weights { self["\(component).\(index)"] }

  /// The place called `name` in the directory this one is in.
  func beside(_ name: String) -> Weights {
    Weights(inventory, path: (path.split(separator: ".").dropLast().map(String.init) + [name]).joined(separator: "."))
  }

  /// The weight called `name` here, which must have this shape; extents of 1 at its end do not count.
  package func parameter(_ name: String, _ shape: Shape) -> Parameter {
    let parameter = Parameter(path: "\(path).\(name)", shape: shape)
    inventory.request(parameter)
    return parameter
  }
}

/// What a checkpoint holds against what a model asks for.
package final class WeightInventory {
  private let available: [String: Shape]
  /// The shapes that were asked for, by path.
  package private(set) var requested: [String: Shape] = [:]
  private var missing: [Parameter] = []
  private var misshapen: [(parameter: Parameter, found: Shape)] = []

  /// - Parameter available: shapes of the checkpoint's tensors by canonical path.
  package init(_ available: [String: Shape]) { self.available = available }

  fileprivate func request(_ parameter: Parameter) {
    guard requested.updateValue(parameter.shape, forKey: parameter.path) == nil else { return }
    guard let found = available[parameter.path] else {
      missing.append(parameter)
      return
    }
    if found.droppingTrailingOnes != parameter.shape.droppingTrailingOnes {
      misshapen.append((parameter, found))
    }
  }

  /// What was found so far. Ask after building the models.
  package var report: WeightReport {
    WeightReport(
      missing: missing.map { "\($0.path) \($0.shape)" },
      misshapen: misshapen.map { "\($0.parameter.path): expected \($0.parameter.shape), found \($0.found)" },
      unused: available.keys.filter { requested[$0] == nil }.sorted())
  }
}

/// Whether a checkpoint fits a model, with everything that does not by name.
package struct WeightReport: Sendable {
  /// Paths and shapes a model needs and the checkpoint lacks.
  package let missing: [String]
  /// Paths whose shape is not the model's, with both shapes.
  package let misshapen: [String]
  /// Paths that no model asked for.
  package let unused: [String]

  package var isComplete: Bool { missing.isEmpty && misshapen.isEmpty }
}

extension Shape {
  /// Some files keep a linear layer as a 1×1 convolution, or the other way round, and hold the same numbers.
  fileprivate var droppingTrailingOnes: Shape {
    var dimensions = self.dimensions
    while dimensions.count > 1, dimensions.last == 1 { dimensions.removeLast() }
    return Shape(dimensions)
  }
}

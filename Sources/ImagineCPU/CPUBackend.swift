import CKernels
package import ImagineGraph

/// Runs graphs on the processor.
package struct CPUBackend: MemoryAwareBackend {
  private let machine: Machine
  /// Bytes that a plan's weights and working memory should not exceed together; nil keeps all weights.
  private var memoryLimit: Int?

  /// - Parameters:
  ///   - threads: of each run; by default as many as `CPUCapabilities.usualThreads` says.
  ///   - features: instruction sets to use; what the processor lacks is left out.
  ///   - products: for measuring and testing what would not be chosen.
  /// - Throws: `CPUBackendError` if the number of threads is not possible.
  package init(
    threads: Int? = nil, features: CPUFeatures = .available, products: CPUProducts = .automatic
  ) throws {
    let features = features.intersection(CPUFeatures.available.union(.softwareTiles))
    let threads = threads ?? CPUCapabilities.usualThreads(features)
    guard (1...4096).contains(threads) else {
      throw CPUBackendError("\(threads) threads are not possible; choose from 1 to 4096.")
    }
    machine = Machine(features: features, threads: threads, products: products)
  }

  /// What a program's environment says of instruction sets and products: for trying and measuring others than the usual.
  ///
  /// - Throws: `CPUBackendError` if the number of threads is not possible, or `IMAGINE_CPU_FEATURES` or
  ///   `IMAGINE_CPU_PRODUCTS` names what it does not know.
  package init(threads: Int? = nil, environment: [String: String]) throws {
    try self.init(
      threads: threads, features: CPUFeatureLimit.permitted(by: environment),
      products: CPUProducts.chosen(by: environment))
  }

  package var capabilities: CPUCapabilities { machine.capabilities }

  /// Runs `body` while no plan of this backend does.
  func onDevice<Result>(_ body: (ck_device) throws -> Result) rethrows -> Result {
    try machine.locked { _ in try body(machine.device) }
  }

  /// There is a kernel for every basic operation. Of fused ones, only products of bfloat16 by pairs have layers gated by gelu,
  /// and only tile registers convolutions of images of twice the size. Types are checked when a graph is planned.
  package func supports(_ op: Op, _ operands: [TensorType]) -> Bool {
    switch op {
    case .gatedLinear(let gate, _): gate == .gelu && multipliesByPairs(operands) && operands[0].shape.last > 0
    case .conv2d(let convolution, _):
      convolution.images > 1
        ? convolution.upsampling == nil && readsParts(operands[convolution.images].shape)
        : convolution.upsampling == nil || doublesInTiles(convolution, operands)
    case .linear, .groupNorm, .attention, .glu: true
    default: !op.isFused
    }
  }

  /// Where every image is copied on its way anyway, it may be in parts. That is with kernels larger than one pixel.
  private func readsParts(_ weight: Shape) -> Bool { weight.rank == 4 && weight[2] * weight[3] > 1 && weight[1] > 0 }

  private func multipliesByPairs(_ operands: [TensorType]) -> Bool {
    ck_has_pairs(machine.device) && operands.prefix(2).allSatisfy { $0.elementType == .bfloat16 }
  }

  private func doublesInTiles(_ convolution: Convolution, _ operands: [TensorType]) -> Bool {
    guard ck_has_tiles(machine.device), multipliesByPairs(operands), let size = convolution.upsampling else {
      return false
    }
    let x = operands[0].shape, weight = operands[1].shape
    return convolution.stride == 1 && convolution.padding == .init(1) && weight[2] == 3 && weight[3] == 3 && x[3] > 0
      && size.height == 2 * x[1] && size.width == 2 * x[2]
  }

  /// Reads nothing yet: each weight is read, packed and its plain copy freed when the first plan needs it.
  package func upload(_ weights: any WeightSource, for graph: Graph) throws -> any DeviceWeights {
    CPUWeights(weights, machine)
  }

  /// - Throws: `CPUBackendError` if the weights are not this backend's, a weight cannot be read, memory for weights is
  ///   lacking, or an operation has operands of a type it cannot be computed with.
  package func plan(_ graph: Graph, weights: any DeviceWeights) throws -> any Plan {
    try preparedPlan(graph, weights: weights)
  }

  /// The same as `plan`, with the type that can be profiled.
  package func preparedPlan(_ graph: Graph, weights: any DeviceWeights) throws -> CPUPlan {
    guard let weights = weights as? CPUWeights, weights.machine === machine else {
      throw CPUBackendError("These weights belong to another backend; upload them to this one.")
    }
    let graph = try graph.optimized(for: supports)
    return try machine.locked { _ in try PlanBuilder(graph, weights, machine, limit: memoryLimit).build() }
  }

  package var heldWorkingBytes: Int { machine.locked { $0.byteCount } }

  package func memoryNeeds(of graph: Graph, weights: any WeightSource) throws -> MemoryNeeds {
    let graph = try graph.optimized(for: supports), weights = CPUWeights(weights, machine)
    return try machine.locked { _ in
      try PlanBuilder(graph, weights, machine, limit: memoryLimit).memoryNeeds()
    }
  }

  package func limited(to bytes: Int) -> any MemoryAwareBackend {
    var limited = self
    limited.memoryLimit = bytes
    return limited
  }
}

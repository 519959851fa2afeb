import ImagineGraph

/// What a plan needs of a device's memory, asked before anything is allocated or read.
extension PlanBuilder {
  /// The weights of a graph in every form that one of its operations reads, in order of use.
  static func weightRequests(_ graph: Graph) -> [VulkanWeights.Request] {
    graph.nodes.flatMap { node in graph.operands(of: node).compactMap { graph.weightRequest($0.ids, as: $0.form) } }
      + graph.outputs.compactMap { graph.weightRequest([$0], as: .plain) }
  }

  /// Where values lie.
  static func memoryPlan(of graph: Graph, _ context: VulkanContext) -> MemoryPlan {
    MemoryPlan(graph, alignment: context.alignment, block: context.blockBytes, keepsSteady: true) { node in
      graph.scratchBytes(of: node, context)
    }
  }

  /// What a graph takes that has nothing on the device yet.
  static func memoryNeeds(of graph: Graph, passesWeights: Bool, _ context: VulkanContext) -> MemoryNeeds {
    let requests = Array(Set(weightRequests(graph)))
    let load = VulkanWeights.bytes(toLoad: requests, passing: passesWeights, context)
    let places = passesWeights ? placeBytes(for: graph, context) : 0, values = memoryPlan(of: graph, context).byteCount
    return MemoryNeeds(
      weightBytes: load.kept, passingBytes: places, workingBytes: values,
      loadingBytes: load.kept + load.passing + places + values)
  }

  /// Bytes of the two places that weights come to if all pass that may.
  private static func placeBytes(for graph: Graph, _ context: VulkanContext) -> Int {
    2 * passingBytes(of: graph, context) { _ in true }
  }

  /// Those of them that are not there yet.
  static func missingPlaceBytes(for graph: Graph, _ weights: VulkanWeights, _ context: VulkanContext) -> Int {
    weights.passes ? max(0, placeBytes(for: graph, context) - weights.placeBytes) : 0
  }

  /// The most bytes of weights that one operation uses, of those that may pass and `counts` says yes to.
  static func passingBytes(
    of graph: Graph, _ context: VulkanContext, counts: (VulkanWeights.Request) throws -> Bool
  ) rethrows -> Int {
    try graph.nodes.filter(\.readsAllWeights).map { node in
      try graph.operands(of: node).compactMap { graph.weightRequest($0.ids, as: $0.form) }
        .filter { try $0.mayPass && counts($0) }.reduce(0) { $0 + context.aligned($1.byteCount) }
    }.max() ?? 0
  }

  /// - Throws: `VulkanError` of kind `unsupported` for a value that kernels could not address, or that fits no allocation.
  static func checkSizes(of graph: Graph, _ context: VulkanContext) throws(VulkanError) {
    let device = context.device
    for node in graph.nodes {
      let bytes = node.type.byteCount
      let what = "\(node.scope): the \(isWeight(node) ? "weight" : "result of \(node.op.name)") \(node.type)"
      if bytes > device.limits.storageRange { throw device.tooLarge(bytes, what) }
      if context.aligned(bytes) > context.blockBytes {
        throw VulkanError(
          .unsupported,
          "\(what) takes \(megabytes(bytes)), and \(device.physical.name) gives \(megabytes(context.blockBytes)) in one piece."
        )
      }
    }
  }

  private static func isWeight(_ node: Node) -> Bool {
    if case .parameter = node.op { true } else { false }
  }

  /// - Throws: `VulkanError` of kind `outOfMemory` if the device has not as much memory free as is known to be needed.
  static func requireRoom(
    for graph: Graph, _ valueBytes: Int, _ weights: VulkanWeights, _ context: VulkanContext
  ) throws(VulkanError) {
    guard let free = context.device.memory.free else { return }
    let load = weights.bytes(toLoad: weightRequests(graph))
    // What weights pass through is gone before values would be needed, but not before they are allocated.
    let needed = load.kept + load.passing + missingPlaceBytes(for: graph, weights, context) + valueBytes
    guard needed > free else { return }
    throw VulkanError(
      .outOfMemory,
      "\(graph.network) needs \(megabytes(needed)) of graphics memory (\(megabytes(load.kept)) for weights, "
        + "\(megabytes(valueBytes)) for values), and \(context.device.physical.name) has \(megabytes(free)) free; "
        + "a smaller picture or 16-bit numbers need less.")
  }
}

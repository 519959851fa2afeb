import CKernels
import ImagineGraph

/// Turns a graph into kernels: places values, loads weights, chooses implementations.
final class PlanBuilder {
  let graph: Graph
  let machine: Machine
  private let weights: CPUWeights
  private let memory: MemoryPlan
  /// Norms that are computed as the convolutions that alone read them copy their images; see `DeferredNorms`.
  private let deferred: Set<NodeID>
  /// Bytes that weights and working memory should not exceed together; nil keeps all weights.
  private let limit: Int?
  /// The parameters that only products read, so that they can be packed.
  private let packable: Set<NodeID>
  private var values: [Value] = []
  private var scratchBytes = 0
  private var wanted = PlanWeights()
  /// For each node, whether it hangs on steady inputs and weights alone.
  private let isSteady: [Bool]
  /// Whether the operation that is planned at the moment does.
  private var isAtSteadyNode = false

  init(_ graph: Graph, _ weights: CPUWeights, _ machine: Machine, limit: Int?) {
    self.limit = limit
    let graph = graph.withSteadyNodesFirst
    self.graph = graph
    self.weights = weights
    self.machine = machine
    isSteady = graph.steadyNodes
    deferred = graph.deferredNorms(for: machine)
    memory = MemoryPlan(graph, keepsSteady: true, deferred: deferred)
    packable = graph.packableParameters
  }

  var device: ck_device { machine.device }

  func build() throws -> CPUPlan {
    let steps = try steps()
    let (loading, stream) = wanted.prepared(residency, machine)
    try loading.run(threads: machine.capabilities.threads)
    return CPUPlan(
      machine, graph, steady: steps.filter { isSteady[$0.id.index] }, steps.filter { !isSteady[$0.id.index] },
      kept: try KeptValues(memory, of: graph, weights.source), outputs: graph.outputs.map { values[$0.index] },
      stream: stream, valueBytes: valueBytes, scratchBytes: scratchBytes)
  }

  /// What the plan would take, without reading a weight.
  func memoryNeeds() throws -> MemoryNeeds {
    _ = try steps()
    var needs = wanted.needs(residency, threads: machine.capabilities.threads)
    (needs.workingBytes, needs.keptBytes) = (valueBytes + scratchBytes, KeptValues.byteCount(memory, of: graph))
    return needs
  }

  /// Bytes of the values that no run leaves to the next.
  private var valueBytes: Int { (memory.byteCount - memory.keptByteCount).aligned }

  private var residency: WeightResidency {
    let others = valueBytes + scratchBytes + KeptValues.byteCount(memory, of: graph)
    return wanted.residency(room: limit.map { max($0 - others, 0) })
  }

  private func steps() throws -> [CPUPlan.Step] {
    var steps: [CPUPlan.Step] = []
    for id in graph.ids {
      let node = graph[id]
      isAtSteadyNode = isSteady[id.index]
      do {
        values.append(try value(of: id))
        if let kernel = try kernel(for: id) { steps.append(CPUPlan.Step(id: id, kernel: kernel)) }
      } catch let error as CPUBackendError {
        throw error.within(node.scope)
      }
    }
    return steps
  }

  /// Asks for working memory during one operation; offsets count from the frame's scratch.
  func reserveScratch(_ byteCount: Int) { scratchBytes = max(scratchBytes, byteCount.aligned) }

  /// Asks for a weight that products alone read, in a form: before the first run if it is kept, else whenever its product is
  /// computed.
  func load(_ weight: StoredWeight, in form: StoredWeight.Form) {
    wanted.add(weight, form, mayPass: true, isSteady: isAtSteadyNode)
  }

  /// Whether a node is a parameter that may lie in memory as its product wants it.
  func isPackable(_ id: NodeID) -> Bool { packable.contains(id) }

  private func value(of id: NodeID) throws -> Value {
    let node = graph[id]
    if case .parameter(let path) = node.op {
      let weight = try weights.weight(path, node.type)
      if !isPackable(id) { wanted.add(weight, .plain, mayPass: false, isSteady: false) }
      return Value(type: node.type, location: .weight(weight))
    }
    // What a deferred norm is computed from.
    if deferred.contains(id) { return values[node.operands[0].index] }
    // A weight in another shape has no place in the plan.
    if memory.isView[id.index], memory.offsets[id.index] == nil {
      return Value(type: node.type, location: values[node.operands[0].index].location)
    }
    return Value(type: node.type, location: .offset(try offset(of: id)))
  }

  private func offset(of id: NodeID) throws -> Int {
    guard let offset = memory.offsets[id.index] else {
      throw CPUBackendError("The memory plan has no place for the result of \(graph[id].op.name).")
    }
    return offset
  }

  /// The work of a node, or nil if its value is there already.
  private func kernel(for id: NodeID) throws -> Kernel? {
    let node = graph[id]
    let operands = node.operands.map { values[$0.index] }
    if deferred.contains(id) || memory.isView[id.index] { return nil }
    switch node.op.definition.kind {
    case .weight, .alias: return nil
    case .input, .computed: return try kernel(node, operands, Target(type: node.type, offset: try offset(of: id)))
    }
  }

  private func deferredNorm(_ id: NodeID) throws -> DeferredNorm? {
    guard deferred.contains(id), case .groupNorm(let groups, let epsilon, let activation, _) = graph[id].op else {
      return nil
    }
    let operands = graph[id].operands.map { values[$0.index] }
    return try DeferredNorm(operands, groups: groups, epsilon: epsilon, activation)
  }

  private func kernel(_ node: Node, _ operands: [Value], _ result: Target) throws -> Kernel? {
    switch node.op {
    case .parameter, .reshape: nil
    case .input(let name): try input(name, result)
    case .linear(let epilogue):
      try linear(epilogue, operands, result, isPackable: isPackable(node.operands[1]))
    case .conv2d(let convolution, let epilogue):
      try conv2d(
        convolution, epilogue, operands, norm: deferredNorm(node.operands[0]), result,
        isPackable: isPackable(node.operands[convolution.images]))
    case .matmul(let transposeB): try matmul(operands[0], operands[1], transposeB: transposeB, result)
    case .groupNorm(let groups, let epsilon, let activation, _):
      try groupNorm(operands, groups: groups, epsilon: epsilon, activation, result)
    case .layerNorm(let epsilon): try layerNorm(operands, epsilon: epsilon, result)
    case .activation(let function): try activation(function, operands[0], result)
    case .prelu: try prelu(operands[0], slopes: operands[1], result)
    case .softmax(let causal): try softmax(operands[0], causal: causal, result)
    case .add: try binary(CK_ADD, operands[0], operands[1], result)
    case .multiply: try binary(CK_MULTIPLY, operands[0], operands[1], result)
    case .scale(let factor): try scale(factor, operands[0], result)
    case .concat(let axis): concat(operands, axis: axis, result)
    case .upsampleNearest: upsampleNearest(operands[0], result)
    case .embedding: embedding(ids: operands[0], table: operands[1], result)
    case .timestepEmbedding(let width): timestepEmbedding(operands[0], width: width, result)
    case .cast: cast(operands[0], result)
    case .permute(let axes): permute(operands[0], axes, result)
    case .slice(let axis, let start, _): slice(operands[0], axis: axis, start: start, result)
    case .attention(let heads, let causal): try attention(operands, heads: heads, causal: causal, result)
    case .glu(let function): try glu(function, operands[0], result)
    case .gatedLinear(_, let bias):
      try linear(
        Epilogue(bias: bias), as: .gated, operands, result, isPackable: isPackable(node.operands[1]))
    case .linears:
      throw CPUBackendError("\(node.op.name) is computed layer by layer.")
    }
  }
}

extension Graph {
  /// The parameters whose only readers are products that take them as weights.
  fileprivate var packableParameters: Set<NodeID> {
    var packable: Set<NodeID> = [], others = Set(outputs)
    for node in nodes {
      let weight = node.op.definition.weight
      for (position, operand) in node.operands.enumerated() {
        if position != weight {
          others.insert(operand)
        } else if case .parameter = self[operand].op {
          packable.insert(operand)
        }
      }
    }
    return packable.subtracting(others)
  }
}

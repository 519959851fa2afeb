import Foundation
import ImagineGraph

/// Turns a graph into dispatches: places values, loads weights, chooses kernels.
final class PlanBuilder {
  private let graph: Graph
  private let context: VulkanContext
  private let weights: VulkanWeights
  private let memory: MemoryPlan
  private let arena: Arena
  private var values: [Value?] = []
  private var work = DispatchList()
  /// Of operations that depend on steady inputs alone.
  private var steadyWork = DispatchList()
  /// Where weights in the host's memory come to, for operations of the two kinds; nil where there are none.
  private var passing: (work: PassingWeights, steadyWork: PassingWeights)?
  /// Those of the two that the operation at hand uses.
  private var passingNow: PassingWeights?

  init(_ graph: Graph, _ weights: VulkanWeights, _ context: VulkanContext) throws {
    self.graph = graph
    self.weights = weights
    self.context = context
    memory = Self.memoryPlan(of: graph, context)
    try Self.checkSizes(of: graph, context)
    try Self.requireRoom(for: graph, memory.byteCount, weights, context)
    arena = try Arena(memory.byteCount, blockBytes: context.blockBytes, on: context.device)
  }

  func build() throws -> VulkanPlan {
    try weights.load(Self.weightRequests(graph), reserving: Self.missingPlaceBytes(for: graph, weights, context))
    let passingBytes = try Self.passingBytes(of: graph, context) { try self.weights.span($0).buffer.use.isOfTheHost }
    if passingBytes > 0 {
      let places = try weights.places(for: passingBytes)
      passing = (PassingWeights(places, context), PassingWeights(places, context))
    }
    var inputs: [String: Value] = [:]
    let isSteady = graph.steadyNodes
    for id in graph.ids {
      let node = graph[id]
      do {
        values.append(try place(of: id))
        if case .input(let name) = node.op { inputs[name] = values[id.index] }
        passingNow = isSteady[id.index] ? passing?.steadyWork : passing?.work
        let dispatches = try workedDispatches(for: id)
        let copies = passingNow?.finishOperation().map { $0.of(id) } ?? []
        if isSteady[id.index] {
          steadyWork.append(dispatches, fetching: copies)
        } else {
          work.append(dispatches, fetching: copies)
        }
      } catch let error as VulkanError {
        throw VulkanError(error.kind, "\(node.scope): \(error)")
      }
    }
    passingNow = nil
    return try VulkanPlan(
      context, graph, weights, arena, steady: steadyWork.dispatches, work.dispatches, inputs: inputs,
      outputs: graph.outputs.map { try value(of: [$0]) })
  }

  /// An operation's dispatches with their costs: its products are shared out by workgroups.
  private func workedDispatches(for id: NodeID) throws -> [Dispatch] {
    var dispatches = try dispatches(for: id).map { $0.of(id) }
    let operations = graph.cost(of: id).flops
    let workgroups = dispatches.reduce(0) { $0 + $1.workgroupCount }
    for index in dispatches.indices {
      let dispatch = dispatches[index]
      let bytes = dispatch.operands.values.reduce(dispatch.result.byteCount) { $0 + $1.byteCount }
      dispatches[index].work = Work(
        operations: operations * Double(dispatch.workgroupCount) / Double(max(workgroups, 1)), bytes: Double(bytes))
    }
    return dispatches
  }

  /// Where the result of a node lies; nil for weights, which are found as each reader wants them.
  private func place(of id: NodeID) throws -> Value? {
    let node = graph[id]
    switch node.op.definition.kind {
    case .weight:
      return nil
    case .alias where memory.offsets[id.index] == nil:
      // A weight in another shape has no place in the plan.
      return Value(type: node.type, span: try value(of: [node.operands[0]]).span)
    case .alias, .input, .computed:
      guard let offset = memory.offsets[id.index] else {
        throw VulkanError(.failed, "The memory plan has no place for the result of \(node.op.name).")
      }
      return Value(type: node.type, span: arena.span(offset, node.type.byteCount))
    }
  }

  /// A value between operations, or a weight in the form that is asked for; several weights are the first with the others
  /// behind it.
  private func value(of ids: [NodeID], as form: VulkanWeights.Form = .plain, for reader: Node? = nil) throws -> Value {
    if ids.count == 1, let value = values[ids[0].index] { return value }
    guard let request = graph.weightRequest(ids, as: form) else {
      throw VulkanError(.failed, "The result of \(graph[ids[0]].op.name) is used before it is computed.")
    }
    let span = try weights.span(request)
    guard span.buffer.use.isOfTheHost, reader?.readsAllWeights == true, let passingNow else {
      return Value(type: request.type, span: span)
    }
    return Value(type: request.type, span: try passingNow.place(for: span))
  }

  /// That memory which the dispatches of an operation share while it is computed; nil for one that needs none.
  private func scratch(of id: NodeID) -> BufferSpan? {
    memory.scratchOffsets[id.index].map {
      arena.span($0, graph.scratchBytes(of: graph[id], context))
    }
  }

  private func dispatches(for id: NodeID) throws -> [Dispatch] {
    let node = graph[id]
    guard let result = values[id.index], !memory.isView[id.index] else { return [] }
    let operands = try graph.operands(of: node).map { try value(of: $0.ids, as: $0.form, for: node) }
    return switch node.op {
    case .input, .parameter, .reshape: []
    case .linear, .conv2d, .matmul, .gatedLinear, .linears: try product(id, operands, result)
    case .groupNorm(let groups, let epsilon, let activation, _):
      try groupNorm(operands, groups: groups, epsilon: epsilon, activation, result, scratch: scratch(of: id))
    case .layerNorm(let epsilon): [try layerNorm(operands, epsilon: epsilon, result, context)]
    case .activation(let function): [try activation(function, operands[0], result)]
    case .prelu: [try prelu(operands[0], slopes: operands[1], result)]
    case .softmax(let causal): [try softmax(operands[0], causal: causal, result, context)]
    case .add: [try binary(multiply: false, operands[0], operands[1], result)]
    case .multiply: [try binary(multiply: true, operands[0], operands[1], result)]
    case .scale(let factor): [try scale(factor, operands[0], result)]
    case .concat(let axis): try concat(operands, axis: axis, result)
    case .upsampleNearest: [try upsampleNearest(operands[0], result)]
    case .embedding: [try embedding(ids: operands[0], table: operands[1], result)]
    case .timestepEmbedding(let width): [try timestepEmbedding(operands[0], width: width, result)]
    case .cast: [try cast(operands[0], result)]
    case .permute(let axes): [try permutation(of: operands[0], axes: axes, into: result.span, result.type.elementType)]
    case .slice(let axis, let start, _): [try slice(operands[0], axis: axis, start: start, result)]
    case .attention(let heads, let causal):
      try attention(operands, heads: heads, causal: causal, result, scratch: scratch(of: id), context)
    case .glu(let function): [try glu(function, operands[0], result)]
    }
  }

  private func product(_ id: NodeID, _ operands: [Value], _ result: Value) throws -> [Dispatch] {
    guard let shape = graph.productShape(of: graph[id]) else { return [] }
    let variant = ProductVariant(for: shape, on: context.productDevice)
    return try ImagineVulkan.product(shape, variant, operands, result, scratch: scratch(of: id))
  }

  private func timestepEmbedding(_ t: Value, width: Int, _ result: Value) throws -> Dispatch {
    let half = width / 2
    let frequencies = (0..<half).map { Float(exp(-log(10000) * Double($0) / Double(half))) }
    let table = try DeviceBuffer(half * 4, .upload, for: "a table of frequencies", on: context.device)
    frequencies.withUnsafeBytes { bytes in
      if let source = bytes.baseAddress { table.address?.copyMemory(from: source, byteCount: bytes.count) }
    }
    return Dispatch(
      "timestep_embedding_f32", [:], [t.span, BufferSpan(table)], result: result.span,
      constants: [try result.count.word, try width.word], workgroups: Dispatch.workgroups(for: result.count, size: 64))
  }
}

extension Node {
  /// Whether it reads more of its weights than a few rows, for which a look into the host's memory will do.
  var readsAllWeights: Bool { if case .embedding = op { false } else { true } }
}

extension Graph {
  /// What a node is as a product; nil if it is none.
  fileprivate func productShape(of node: Node) -> ProductShape? {
    ProductShape(node.op, node.operands.map { self[$0].type }, node.type)
  }

  /// Bytes that an operation needs while it is computed, beside its result.
  func scratchBytes(of node: Node, _ context: VulkanContext) -> Int {
    let operands = node.operands.map { self[$0].type }
    switch node.op {
    case .groupNorm(let groups, _, _, _):
      return GroupNormSplit(operands[0], groups: groups)?.scratchBytes ?? 0
    case .attention(let heads, let causal):
      return WideAttention(operands[0], operands[1], heads: heads, causal: causal, context)?.scratchBytes ?? 0
    default:
      return productShape(of: node)
        .map { ProductVariant(for: $0, on: context.productDevice).scratchBytes(for: $0) } ?? 0
    }
  }
}

extension Graph {
  /// What a node's kernels are given: values and weights, of which several may be one operand, and how they lie if they are
  /// weights.
  func operands(of node: Node) -> [(ids: [NodeID], form: VulkanWeights.Form)] {
    if case .linears(let count, _) = node.op {
      let parameters = Array(node.operands.dropFirst())
      let groups = stride(from: 0, to: parameters.count, by: count).map { Array(parameters[$0..<$0 + count]) }
      return ([Array(node.operands.prefix(1))] + groups).map { ($0, .plain) }
    }
    return node.operands.enumerated().map { ([$1], form(ofOperand: $0, of: node)) }
  }

  /// Nil where these are no weights.
  func weightRequest(_ ids: [NodeID], as form: VulkanWeights.Form) -> VulkanWeights.Request? {
    var paths: [String] = []
    for id in ids {
      guard case .parameter(let path) = self[id].op else { return nil }
      paths.append(path)
    }
    return VulkanWeights.Request(paths: paths, type: self[ids[0]].type, form: form)
  }

  /// How an operand lies in memory if it is a weight.
  private func form(ofOperand position: Int, of node: Node) -> VulkanWeights.Form {
    switch node.op {
    case .conv2d(let convolution, _) where position == 1:
      convolution.doubles(self[node.operands[0]].type.shape, kernel: self[node.operands[1]].type.shape)
        ? .doubled : .channelsLast
    case .gatedLinear where position >= 1: .gated
    default: .plain
    }
  }
}

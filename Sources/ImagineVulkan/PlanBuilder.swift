import Foundation
import ImagineGraph

/// Turns a graph into dispatches: places values, loads weights, chooses kernels.
final class PlanBuilder {
  private let graph: Graph
  private let context: VulkanContext
  private let weights: VulkanWeights
  private let memory: MemoryPlan
  private let arena: Arena
  private let forms: [NodeID: VulkanWeights.Form]
  private var values: [Value] = []
  private var dispatches: [Dispatch] = []

  init(_ graph: Graph, _ weights: VulkanWeights, _ context: VulkanContext) throws {
    self.graph = graph
    self.weights = weights
    self.context = context
    memory = MemoryPlan(
      graph, alignment: context.alignment, block: context.blockBytes, scratch: Self.scratchBytes)
    forms = Self.weightForms(graph)
    try Self.checkSizes(of: graph, context)
    try Self.requireRoom(for: graph, memory.byteCount, weights, context)
    arena = try Arena(memory.byteCount, blockBytes: context.blockBytes, on: context.device)
  }

  func build() throws -> VulkanPlan {
    try weights.load(Self.weightRequests(graph))
    var inputs: [String: Value] = [:]
    for id in graph.ids {
      let node = graph[id]
      do {
        values.append(try value(of: id))
        if case .input(let name) = node.op { inputs[name] = values[id.index] }
        dispatches += try workedDispatches(for: id)
      } catch let error as VulkanError {
        throw VulkanError(error.kind, "\(node.scope): \(error)")
      }
    }
    return try VulkanPlan(
      context, graph, weights, arena, dispatches, inputs: inputs, outputs: graph.outputs.map { values[$0.index] })
  }

  /// An operation's dispatches with their costs: its products are shared out by workgroups.
  private func workedDispatches(for id: NodeID) throws -> [Dispatch] {
    var dispatches = try dispatches(for: id)
    let node = graph[id], operations = node.productOperations(node.operands.map { graph[$0].type.shape })
    let workgroups = dispatches.reduce(0) { $0 + $1.workgroupCount }
    for index in dispatches.indices {
      let dispatch = dispatches[index]
      let bytes = dispatch.operands.values.reduce(dispatch.result.byteCount) { $0 + $1.byteCount }
      dispatches[index].work = Work(
        operations: operations * Double(dispatch.workgroupCount) / Double(max(workgroups, 1)), bytes: Double(bytes))
    }
    return dispatches
  }

  private func value(of id: NodeID) throws -> Value {
    let node = graph[id]
    switch node.op {
    case .parameter(let path):
      return Value(
        type: node.type,
        span: try weights.span(VulkanWeights.Request(path: path, type: node.type, form: forms[id] ?? .plain)))
    case .reshape:
      return Value(type: node.type, span: values[node.operands[0].index].span)
    case .input, .linear, .conv2d, .matmul, .groupNorm, .layerNorm, .activation, .softmax, .add, .multiply, .scale,
      .concat, .upsampleNearest, .embedding, .timestepEmbedding, .cast, .permute, .slice, .attention, .geglu:
      guard let offset = memory.offsets[id.index] else {
        throw VulkanError(.failed, "The memory plan has no place for the result of \(node.op.name).")
      }
      return Value(type: node.type, span: arena.span(offset, node.type.byteCount))
    }
  }

  /// Memory that the dispatches of an operation share while it is computed.
  private static func scratchBytes(of node: Node) -> Int { 0 }

  /// That memory; nil for an operation that needs none.
  private func scratch(of id: NodeID) -> BufferSpan? {
    memory.scratchOffsets[id.index].map {
      arena.span($0, Self.scratchBytes(of: graph[id]))
    }
  }

  private func dispatches(for id: NodeID) throws -> [Dispatch] {
    let node = graph[id], result = values[id.index]
    let operands = node.operands.map { values[$0.index] }
    return switch node.op {
    case .input, .parameter, .reshape: []
    case .linear(let epilogue): [try linear(epilogue, operands, result)]
    case .conv2d(let convolution, let epilogue): [try conv2d(convolution, epilogue, operands, result)]
    case .matmul(let transposeB): [try matmul(operands[0], operands[1], transposeB: transposeB, result)]
    case .groupNorm(let groups, let epsilon, let activation):
      [try groupNorm(operands, groups: groups, epsilon: epsilon, activation, result)]
    case .layerNorm(let epsilon): [try layerNorm(operands, epsilon: epsilon, result)]
    case .activation(let function): [try activation(function, operands[0], result)]
    case .softmax(let causal): [try softmax(operands[0], causal: causal, result)]
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
    case .attention(let heads, let causal): [try attention(operands, heads: heads, causal: causal, result)]
    case .geglu: [try geglu(operands[0], result)]
    }
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

  private func attention(_ operands: [Value], heads: Int, causal: Bool, _ result: Value) throws -> Dispatch {
    let q = operands[0], keys = operands[1]
    let tile = AttentionTile(channels: q.shape.last / heads)
    return Dispatch(
      "attention_\(try q.type.elementType.kernelSuffix)",
      [0: try tile.channels.word, 1: try tile.keys.word, 2: causal ? 1 : 0], operands.map(\.span),
      result: result.span,
      constants: [
        try q.shape[1].word, try keys.shape[1].word, try heads.word, (1 / Float(tile.channels).squareRoot()).word,
      ],
      workgroups: ((q.shape[1] + AttentionTile.queries - 1) / AttentionTile.queries, heads, q.shape[0]))
  }
}

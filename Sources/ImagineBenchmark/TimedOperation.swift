package import ImagineGraph
import ImagineModels
import ImagineTesting

/// A small graph to be timed.
package struct TimedOperation: Sendable {
  package let name: String
  /// How often a model computes this; nil for what stands for no model.
  package let count: Int?
  package let graph: Graph
  package let inputs: [String: HostTensor]
  package let weights: any WeightSource
}

extension TimedOperation {
  /// A row of the table that backends are tested with.
  init(_ opCase: OpCase) throws {
    graph = try opCase.graph()
    name = opCase.name
    count = nil
    inputs = opCase.inputs(for: graph)
    weights = opCase.weights(for: graph)
  }
}

/// An operation that a model computes, found in its graph.
struct ModelOperation: Sendable {
  /// What the time of an operation depends on.
  private struct Key: Hashable {
    let op: Op
    let operands: [Operand]
  }

  private struct Operand: Hashable, Sendable {
    let type: TensorType
    let isWeight: Bool
    /// The first operand that is the same value, as queries, keys and values may be.
    let first: Int
  }

  private let op: Op
  private let operands: [Operand]
  private let result: TensorType
  private(set) var count: Int
  private let network: String

  /// What Stable Diffusion 1.5 computes at 512 x 512 pixels with guidance: the operations of each network, as a backend
  /// runs it, each once.
  static func stableDiffusion15(on backend: any Backend, _ precision: Precision) throws -> [ModelOperation] {
    let (model, _) = try DiffusionModel.synthetic(.stableDiffusion15())
    let parts: [(String, Network.Role, Int)] = [
      ("text", .textEncoder(0), 2), ("unet", .denoiser, 2), ("vae", .decoder, 1),
    ]
    return try parts.flatMap { name, role, rows in
      guard let network = model[role] else { return [ModelOperation]() }
      let graph = try network.graph(NetworkShape(rows: rows, height: 64, width: 64), precision)
      return try operations(of: graph.optimized(for: backend.supports), name)
    }
  }

  /// The different operations of a graph, in order of first use.
  static func operations(of graph: Graph, _ network: String) -> [ModelOperation] {
    var order: [Key] = [], found: [Key: ModelOperation] = [:]
    for node in graph.nodes {
      if node.op.definition.kind != .computed { continue }
      let operands = node.operands.enumerated().map { position, id in
        Operand(
          type: graph[id].type, isWeight: graph.isParameter(id), first: node.operands.firstIndex(of: id) ?? position)
      }
      let key = Key(op: node.op, operands: operands)
      if found[key] == nil { order.append(key) }
      found[
        key,
        default: ModelOperation(op: node.op, operands: operands, result: node.type, count: 0, network: network)
      ].count += 1
    }
    return order.compactMap { found[$0] }
  }

  /// Such as `sd15 unet conv2d [2, 64, 64, 320] x [320, 320, 3, 3] -> [2, 64, 64, 320]`.
  var name: String {
    let operands = operands.prefix(2).map { $0.type.shape.description }.joined(separator: " x ")
    return "sd15 \(network) \(op.name) \(operands) -> \(result.shape)\(label)"
  }

  /// What is fused into it.
  private var label: String {
    if let product = op.definition.product { return product.epilogue.label }
    if case .groupNorm(_, _, let activation, let addsFirst) = op {
      return (addsFirst ? "+vector" : "") + (activation.map { "+\($0.rawValue)" } ?? "")
    }
    return ""
  }

  /// The operation alone.
  func graph(_ precision: Precision) throws -> Graph {
    let builder = GraphBuilder(precision: precision)
    var values: [Tensor] = []
    for (position, operand) in operands.enumerated() {
      if operand.first < position {
        values.append(values[operand.first])
      } else if operand.isWeight {
        values.append(builder.parameter(Parameter(path: "operand\(position).weight", shape: operand.type.shape)))
      } else {
        values.append(builder.input("operand\(position)", operand.type.shape, operand.type.elementType))
      }
    }
    return try builder.finish([builder.apply(op, values)])
  }

  /// The operation alone, with values made on the spot.
  func timed(_ precision: Precision) throws -> TimedOperation {
    let graph = try graph(precision)
    return TimedOperation(
      name: name, count: count, graph: graph, inputs: try graph.syntheticInputs(), weights: SyntheticWeights(graph))
  }
}

extension Graph {
  fileprivate func isParameter(_ id: NodeID) -> Bool {
    if case .parameter = self[id].op { true } else { false }
  }
}

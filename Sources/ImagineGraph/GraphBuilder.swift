/// The number formats a model is traced with.
package struct Precision: Hashable, Sendable {
  /// Of activations between operations.
  package let activations: ElementType
  /// Of matrices, kernels and tables; vectors (biases, norms) always stay 32-bit.
  package let weights: ElementType

  package init(activations: ElementType, weights: ElementType) {
    self.activations = activations
    self.weights = weights
  }

  package static let float32 = Precision(activations: .float32, weights: .float32)
  package static let float16 = Precision(activations: .float16, weights: .float16)
  package static let bfloat16 = Precision(activations: .bfloat16, weights: .bfloat16)
}

/// Collects nodes while a model runs on symbolic tensors.
///
/// A mistake (shapes that do not fit) does not trap: the first one is kept with its scope, tracing goes on with
/// stand-ins, and `finish` throws it.
package final class GraphBuilder {
  package let precision: Precision
  private var nodes: [Node] = []
  private var parameters: [String: NodeID] = [:]
  private var applications: [Application: NodeID] = [:]
  private var firstError: GraphError?
  /// Names of inputs that stay as they are from run to run.
  var steadyInputs: Set<String> = []
  /// The axes of images [N, H, W, C] along which convolutions see the opposite edge beyond an edge, not zeros.
  package var wrappedAxes: Set<Int> = []

  package init(precision: Precision = .float32) { self.precision = precision }

  private struct Application: Hashable {
    let op: Op, operands: [NodeID]
  }

  /// A value fed at each run.
  ///
  /// - Parameter isSteady: whether it is the same in many runs, as a prompt is in all steps: a backend may keep what depends
  ///   on nothing else.
  package func input(
    _ name: String, _ shape: Shape, _ elementType: ElementType = .float32, isSteady: Bool = false
  ) -> Tensor {
    if isSteady { steadyInputs.insert(name) }
    return append(Node(op: .input(name), operands: [], type: TensorType(shape, elementType), scope: name))
  }

  /// A weight; asking twice for one path gives the same node.
  package func parameter(_ parameter: Parameter) -> Tensor {
    let elementType = parameter.shape.rank >= 2 ? precision.weights : .float32
    let type = TensorType(parameter.shape, elementType)
    return leaf(Node(op: .parameter(parameter.path), operands: [], type: type, scope: parameter.layer))
  }

  /// Adds an operation; without a scope of its own it takes that of its first operand. The same operation on the same
  /// operands is the same node: every resnet of a UNet asks for the activation of the one time embedding.
  package func apply(_ op: Op, _ operands: [Tensor], scope: String? = nil) -> Tensor {
    let application = Application(op: op, operands: operands.map(\.id))
    if let id = applications[application] { return Tensor(builder: self, id: id, type: nodes[id.index].type) }
    let scope = scope ?? operands.first.map { nodes[$0.id.index].scope } ?? ""
    let type: TensorType
    do throws(GraphError) {
      type = try op.resultType(operands.map(\.type))
    } catch {
      note(GraphError("\(scope): \(error)"))
      type = operands.first?.type ?? TensorType([], .float32)
    }
    let result = append(Node(op: op, operands: application.operands, type: type, scope: scope))
    applications[application] = result.id
    return result
  }

  /// Closes the graph with its results, in order. Nodes that no result depends on are dropped.
  ///
  /// - Throws: the first mistake made while tracing.
  package func finish(_ outputs: [Tensor]) throws(GraphError) -> Graph {
    if let firstError { throw firstError }
    return Graph(nodes: nodes, outputs: outputs.map(\.id), steadyInputs: steadyInputs).withoutUnusedNodes()
  }

  /// Keeps the first mistake for `finish` to throw.
  package func note(_ error: GraphError) {
    if firstError == nil { firstError = error }
  }

  /// The scope of the node a tensor stands for.
  package func scope(of tensor: Tensor) -> String { nodes[tensor.id.index].scope }

  /// An input or weight as another graph declared it.
  func leaf(_ node: Node) -> Tensor {
    if case .parameter(let path) = node.op {
      if let id = parameters[path] {
        let known = nodes[id.index].type
        if known != node.type {
          note(GraphError("\(path): asked for as \(known) and as \(node.type)"))
        }
        return Tensor(builder: self, id: id, type: known)
      }
      parameters[path] = NodeID(nodes.count)
    }
    return append(node)
  }

  private func append(_ node: Node) -> Tensor {
    nodes.append(node)
    return Tensor(builder: self, id: NodeID(nodes.count - 1), type: node.type)
  }
}

extension Graph {
  /// The graph with only the nodes that its outputs depend on.
  func withoutUnusedNodes() -> Graph {
    var used = [Bool](repeating: false, count: nodes.count)
    for output in outputs { used[output.index] = true }
    for index in nodes.indices.reversed() where used[index] {
      for operand in nodes[index].operands { used[operand.index] = true }
    }
    return ordered(nodes.indices.filter { used[$0] })
  }

  /// The same graph with its nodes in another order; those that are not in it are left out.
  ///
  /// - Parameter order: of the present positions, every operand before its users.
  func ordered(_ order: [Int]) -> Graph {
    var renumbered = [NodeID](repeating: NodeID(0), count: nodes.count)
    var ordered: [Node] = []
    for index in order {
      let node = nodes[index]
      renumbered[index] = NodeID(ordered.count)
      ordered.append(
        Node(op: node.op, operands: node.operands.map { renumbered[$0.index] }, type: node.type, scope: node.scope))
    }
    return Graph(nodes: ordered, outputs: outputs.map { renumbered[$0.index] }, steadyInputs: steadyInputs)
  }
}

/// Answers whether a backend has a kernel for an operation on operands of these types.
package typealias OpSupport = (_ op: Op, _ operands: [TensorType]) -> Bool

extension Graph {
  /// The graph as a backend is to run it: what it does not support taken apart, what it can fuse joined.
  ///
  /// - Throws: `GraphError` only if an operation's decomposition is inconsistent with its shape rule.
  package func optimized(for supports: OpSupport) throws(GraphError) -> Graph {
    try lowered(for: supports).fused(for: supports).joiningProducts(for: supports)
  }

  /// Replaces every unsupported fused operation by its decomposition.
  package func lowered(for supports: OpSupport) throws(GraphError) -> Graph {
    try rewritten { node, operands in
      supports(node.op, operands.map(\.type)) ? nil : node.op.decomposed(operands)
    }
  }

  /// Joins normalisations and products with the activation, gating or residual sum that alone uses them, an upsampling or a
  /// joining of channels with the convolution that alone uses it, and a vector's sum with each pixel with the group norm that
  /// alone uses that.
  package func fused(for supports: OpSupport) throws(GraphError) -> Graph {
    var fused = nodes.map { Fused(op: $0.op, operands: $0.operands, scope: $0.scope) }
    var absorbed = [Bool](repeating: false, count: nodes.count)
    let useCounts = useCounts

    func join(
      _ producer: NodeID, into index: Int, as op: Op?, adding extra: [NodeID], scope: String? = nil
    ) -> Bool {
      guard let op, useCounts[producer.index] == 1 else { return false }
      let operands = fused[producer.index].operands + extra
      guard supports(op, operands.map { self[$0].type }) else { return false }
      fused[index] = Fused(op: op, operands: operands, scope: scope ?? fused[producer.index].scope)
      absorbed[producer.index] = true
      return true
    }

    for (index, node) in nodes.enumerated() {
      switch node.op {
      case .activation(let activation):
        let producer = node.operands[0]
        _ = join(producer, into: index, as: fused[producer.index].op.followed(by: activation), adding: [])
      case .glu(let activation):
        let producer = node.operands[0]
        _ = join(producer, into: index, as: fused[producer.index].op.gated(by: activation), adding: [])
      case .conv2d:
        let producer = node.operands[0]
        let rest = Array(node.operands.dropFirst())
        let count = self[producer].operands.count
        let op = node.op.upsampling(by: self[producer].op) ?? node.op.joining(by: self[producer].op, count)
        _ = join(producer, into: index, as: op, adding: rest, scope: node.scope)
      case .groupNorm:
        // Of a single pixel, the sum may be a product's residual already.
        guard let (sum, x, vector) = summedVector(node), fused[sum.index].op == .add, useCounts[sum.index] == 1,
          let op = node.op.addingFirst
        else { continue }
        let operands = [x] + node.operands.dropFirst() + [vector]
        guard supports(op, operands.map { self[$0].type }) else { continue }
        fused[index] = Fused(op: op, operands: operands, scope: node.scope)
        absorbed[sum.index] = true
      case .add:
        let (a, b) = (node.operands[0], node.operands[1])
        guard self[a].type == self[b].type, a != b else { continue }
        if !join(a, into: index, as: fused[a.index].op.addingResidual, adding: [b]) {
          _ = join(b, into: index, as: fused[b.index].op.addingResidual, adding: [a])
        }
      default:
        continue
      }
    }

    return try rewritten(skipping: absorbed) { index in fused[index] }
  }

  /// What a group norm reads, if that is the sum of an image and a vector for each of its pixels: the sum, and both.
  private func summedVector(_ norm: Node) -> (sum: NodeID, x: NodeID, vector: NodeID)? {
    let sum = norm.operands[0]
    guard case .add = self[sum].op else { return nil }
    let (x, b) = (self[sum].operands[0], self[sum].operands[1])
    guard case .reshape = self[b].op, x != b else { return nil }
    let vector = self[b].operands[0], shape = self[sum].type.shape, repeated = self[b].type.shape.dimensions
    guard self[vector].type == TensorType([shape[0], shape.last], self[sum].type.elementType),
      repeated.first == shape[0], repeated.dropFirst().dropLast().allSatisfy({ $0 == 1 })
    else { return nil }
    return (sum, x, vector)
  }

  private struct Fused {
    let op: Op, operands: [NodeID], scope: String
  }

  /// Builds the graph anew, replacing a node where `replacement` gives another value for it.
  private func rewritten(_ replacement: (Node, [Tensor]) -> Tensor?) throws(GraphError) -> Graph {
    let builder = GraphBuilder()
    builder.steadyInputs = steadyInputs
    var values: [Tensor] = []
    for node in nodes {
      let operands = node.operands.map { values[$0.index] }
      values.append(replacement(node, operands) ?? builder.copy(node, operands))
    }
    return try builder.finish(outputs.map { values[$0.index] })
  }

  /// Builds the graph anew from other operations at the same positions, leaving out the absorbed ones.
  private func rewritten(skipping absorbed: [Bool], _ fused: (Int) -> Fused) throws(GraphError) -> Graph {
    let builder = GraphBuilder()
    builder.steadyInputs = steadyInputs
    var values = [Tensor?](repeating: nil, count: nodes.count)
    for (index, node) in nodes.enumerated() where !absorbed[index] {
      let replacement = fused(index)
      values[index] = builder.copy(
        Node(op: replacement.op, operands: [], type: node.type, scope: replacement.scope),
        replacement.operands.compactMap { values[$0.index] })
    }
    return try builder.finish(outputs.compactMap { values[$0.index] })
  }
}

extension GraphBuilder {
  /// A node of another graph on operands of this one; inputs and weights keep their declared type.
  func copy(_ node: Node, _ operands: [Tensor]) -> Tensor {
    switch node.op {
    case .input, .parameter: leaf(node)
    default: apply(node.op, operands, scope: node.scope)
    }
  }
}

extension Op {
  /// The same operation with an activation after it, where it can take one.
  fileprivate func followed(by activation: Activation) -> Op? {
    switch self {
    case .groupNorm(let groups, let epsilon, nil, let addsFirst):
      .groupNorm(groups: groups, epsilon: epsilon, activation: activation, addsFirst: addsFirst)
    case .linear(let epilogue):
      epilogue.followed(by: activation).map { .linear($0) }
    case .conv2d(let convolution, let epilogue):
      epilogue.followed(by: activation).map { .conv2d(convolution, $0) }
    default: nil
    }
  }

  /// The same group norm of the sum of its image and a vector, where it has none yet.
  fileprivate var addingFirst: Op? {
    guard case .groupNorm(let groups, let epsilon, let activation, false) = self else { return nil }
    return .groupNorm(groups: groups, epsilon: epsilon, activation: activation, addsFirst: true)
  }

  /// The same linear layer with its result gated, where nothing follows it yet.
  fileprivate func gated(by activation: Activation) -> Op? {
    guard case .linear(let epilogue) = self, !epilogue.isFused else { return nil }
    return .gatedLinear(activation, bias: epilogue.bias)
  }

  /// The same convolution of what another operation upsamples.
  fileprivate func upsampling(by op: Op) -> Op? {
    guard case .conv2d(var convolution, let epilogue) = self, convolution.upsampling == nil,
      case .upsampleNearest(let height, let width) = op
    else { return nil }
    convolution.upsampling = Convolution.Upsampling(height: height, width: width)
    return .conv2d(convolution, epilogue)
  }

  /// The same convolution of what another operation joins along the channels, of so many images.
  fileprivate func joining(by op: Op, _ count: Int) -> Op? {
    guard case .conv2d(var convolution, let epilogue) = self, convolution.images == 1, convolution.upsampling == nil,
      op == .concat(axis: 3), count > 1
    else { return nil }
    convolution.images = count
    return .conv2d(convolution, epilogue)
  }

  /// The same product with a residual added to its result, where it has none yet.
  fileprivate var addingResidual: Op? {
    switch self {
    case .linear(let epilogue): epilogue.addingResidual.map { .linear($0) }
    case .conv2d(let convolution, let epilogue): epilogue.addingResidual.map { .conv2d(convolution, $0) }
    default: nil
    }
  }
}

extension Epilogue {
  fileprivate func followed(by activation: Activation) -> Epilogue? {
    self.activation == nil && !residual ? Epilogue(bias: bias, activation: activation) : nil
  }

  fileprivate var addingResidual: Epilogue? {
    residual ? nil : Epilogue(bias: bias, activation: activation, residual: true)
  }
}

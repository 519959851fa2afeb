import ImagineGraph

/// Runs a graph node by node, in order.
struct Interpreter: Sendable {
  let graph: Graph
  let weights: ReferenceWeights

  /// Computes the values of `results` and whatever they depend on; a value is let go after its last use.
  func run(_ inputs: [String: HostTensor], computing results: [NodeID]) throws(ReferenceError) -> [HostTensor] {
    var pending = pendingUses(of: results)
    var values = [Value?](repeating: nil, count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() where pending[index] > 0 {
      let operands = node.operands.compactMap { values[$0.index] }
      do {
        values[index] = try value(of: node, operands, inputs)
      } catch {
        throw ReferenceError("\(node.scope): \(error)")
      }
      for operand in node.operands {
        pending[operand.index] -= 1
        if pending[operand.index] == 0 { values[operand.index] = nil }
      }
    }
    return results.compactMap { values[$0.index]?.host }
  }

  /// Bytes of the values alive at once, at the worst moment of a run.
  var peakBytes: Int {
    var pending = pendingUses(of: graph.outputs)
    var living = 0, peak = 0
    for node in graph.nodes {
      living += node.bytes
      peak = max(peak, living)
      for operand in node.operands {
        pending[operand.index] -= 1
        if pending[operand.index] == 0 { living -= graph[operand].bytes }
      }
    }
    return peak
  }

  /// For each node, how often it will be read on the way to `results`; results are never used up.
  private func pendingUses(of results: [NodeID]) -> [Int] {
    var pending = [Int](repeating: 0, count: graph.nodes.count)
    for result in results { pending[result.index] += 1 }
    for index in graph.nodes.indices.reversed() where pending[index] > 0 {
      for operand in graph.nodes[index].operands { pending[operand.index] += 1 }
    }
    return pending
  }

  private func value(
    of node: Node, _ operands: [Value], _ inputs: [String: HostTensor]
  ) throws(ReferenceError) -> Value {
    let exact: [Double]
    switch node.op {
    case .input(let name):
      guard let tensor = inputs[name] else { throw ReferenceError("Input \(name) is missing; feed it at each run.") }
      return try Value(tensor, as: node.type, name: name)
    case .parameter(let path):
      return try weights.value(of: path, as: node.type)

    case .linear(let epilogue):
      exact = finish(epilogue, product: linear(operands[0], weight: operands[1]), operands.dropFirst(2))
    case .conv2d(let convolution, let epilogue):
      let count = convolution.images, x = upsampled(joined(operands.prefix(count)), convolution.upsampling)
      let product = conv2d(x, weight: operands[count], convolution, result: node.type.shape)
      exact = finish(epilogue, product: product, operands.dropFirst(count + 1))
    case .matmul(let transposeB):
      exact = matmul(operands[0], operands[1], transposeB: transposeB, columns: node.type.shape.last)
    case .groupNorm(let groups, let epsilon, let activation, let addsFirst):
      let vector = addsFirst ? operands[3] : nil
      let normalised = groupNorm(
        operands[0], adding: vector, operands[1], operands[2], groups: groups, epsilon: epsilon)
      exact = activation.map { function in normalised.map { apply(function, $0) } } ?? normalised
    case .layerNorm(let epsilon):
      exact = layerNorm(operands[0], operands[1], operands[2], epsilon: epsilon)
    case .activation(let function):
      exact = operands[0].elements.map { apply(function, $0) }
    case .prelu:
      exact = prelu(operands[0].elements, slopes: operands[1].elements)
    case .softmax(let causal):
      exact = softmax(operands[0], causal: causal)
    case .add:
      exact = zip(operands[0].elements, broadcast(operands[1], to: node.type.shape)).map { $0 + $1 }
    case .multiply:
      exact = zip(operands[0].elements, broadcast(operands[1], to: node.type.shape)).map { $0 * $1 }
    case .scale(let factor):
      exact = operands[0].elements.map { $0 * Double(factor) }
    case .concat(let axis):
      exact = concat(operands, axis: axis)
    case .upsampleNearest(let height, let width):
      exact = upsampleNearest(operands[0], height: height, width: width)
    case .embedding:
      exact = try embedding(ids: operands[0], table: operands[1])
    case .timestepEmbedding(let width):
      exact = timestepEmbedding(operands[0], width: width)
    case .cast, .reshape:
      exact = operands[0].elements
    case .permute(let axes):
      exact = permute(operands[0], axes)
    case .slice(let axis, let start, let count):
      exact = slice(operands[0], axis: axis, start: start, count: count)

    case .attention(let heads, let causal):
      exact = attention(operands[0], operands[1], operands[2], heads: heads, causal: causal)
    case .glu(let function):
      exact = glu(function, operands[0].elements, rows: operands[0].rows)
    case .gatedLinear(let function, let bias):
      let product = linear(operands[0], weight: operands[1])
      let halves = finish(Epilogue(bias: bias), product: product, operands.dropFirst(2))
      exact = glu(function, halves, rows: operands[0].rows)
    case .linears(let count, let bias):
      exact = (0..<count).flatMap { index in
        finish(
          Epilogue(bias: bias), product: linear(operands[0], weight: operands[1 + index]),
          bias ? operands[(1 + count + index)...] : [])
      }
    }
    return Value(node.type, rounding: exact)
  }
}

extension Node {
  /// What the interpreter holds for the node's value; weights are held elsewhere.
  fileprivate var bytes: Int {
    if case .parameter = op { 0 } else { type.shape.count * MemoryLayout<Double>.size }
  }
}

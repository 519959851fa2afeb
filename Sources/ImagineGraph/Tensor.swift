/// A weight a layer has asked for: its canonical path and exact shape.
package struct Parameter: Hashable, Sendable {
  package let path: String
  package let shape: Shape

  package init(path: String, shape: Shape) {
    self.path = path
    self.shape = shape
  }

  /// The path without its last component: the layer's.
  package var layer: String {
    path.lastIndex(of: ".").map { String(path[..<$0]) } ?? path
  }
}

/// A symbolic value: model code computes with it as with an array, and a graph results.
package struct Tensor {
  package let builder: GraphBuilder
  package let id: NodeID
  package let type: TensorType

  package var shape: Shape { type.shape }
}

extension Tensor {
  /// x [..., in] times the transposed weight [out, in], plus bias [out] -> [..., out].
  package func linear(_ weight: Parameter, bias: Parameter?) -> Tensor {
    builder.apply(.linear(Epilogue(bias: bias != nil)), operands(weight, bias), scope: weight.layer)
  }

  /// x [N, H, W, in] with weight [out, in, kh, kw], plus bias [out] -> [N, H', W', out].
  package func conv2d(_ weight: Parameter, bias: Parameter?, _ convolution: Convolution) -> Tensor {
    let (x, rest) = wrapped(for: convolution)
    return builder.apply(.conv2d(rest, Epilogue(bias: bias != nil)), x.operands(weight, bias), scope: weight.layer)
  }

  package func groupNorm(_ weight: Parameter, _ bias: Parameter, groups: Int, epsilon: Float) -> Tensor {
    builder.apply(
      .groupNorm(groups: groups, epsilon: epsilon, activation: nil), operands(weight, bias), scope: weight.layer)
  }

  package func layerNorm(_ weight: Parameter, _ bias: Parameter, epsilon: Float) -> Tensor {
    builder.apply(.layerNorm(epsilon: epsilon), operands(weight, bias), scope: weight.layer)
  }

  /// self: queries [N, T, C]; keys and values [N, S, C] -> [N, T, C].
  package func attention(keys: Tensor, values: Tensor, heads: Int, causal: Bool = false) -> Tensor {
    builder.apply(.attention(heads: heads, causal: causal), [self, keys, values])
  }

  /// self: ids [N, T] -> rows of the table [V, C] as activations [N, T, C].
  package func embedded(in table: Parameter) -> Tensor {
    builder.apply(.embedding, [self, builder.parameter(table)], scope: table.layer).asActivation()
  }

  package func softmax(causal: Bool = false) -> Tensor { builder.apply(.softmax(causal: causal), [self]) }
  package func matmul(_ other: Tensor, transposeB: Bool = false) -> Tensor {
    builder.apply(.matmul(transposeB: transposeB), [self, other])
  }

  package func upsampledNearest(height: Int, width: Int) -> Tensor {
    if shape.rank == 4, shape[1] == height, shape[2] == width { return self }
    return builder.apply(.upsampleNearest(height: height, width: width), [self])
  }

  package func timestepEmbedding(width: Int) -> Tensor { builder.apply(.timestepEmbedding(width: width), [self]) }
  package func concatenated(with other: Tensor, axis: Int) -> Tensor {
    builder.apply(.concat(axis: axis), [self, other])
  }

  package func reshaped(_ shape: Shape) -> Tensor {
    shape == self.shape ? self : builder.apply(.reshape(shape), [self])
  }

  package func permuted(_ axes: [Int]) -> Tensor { builder.apply(.permute(axes), [self]) }
  package func sliced(axis: Int, start: Int, count: Int) -> Tensor {
    builder.apply(.slice(axis: axis, start: start, count: count), [self])
  }

  package func cast(to elementType: ElementType) -> Tensor {
    elementType == type.elementType ? self : builder.apply(.cast(elementType), [self])
  }

  /// The value in the format the graph computes in.
  package func asActivation() -> Tensor { cast(to: builder.precision.activations) }

  /// An image [N, H, W, C] as tokens [N, H * W, C]; free in this layout.
  package func asTokens() -> Tensor {
    guard shape.rank == 4 else { return mistake("tokens are made of [N, H, W, C], not \(shape)") }
    return reshaped([shape[0], shape[1] * shape[2], shape[3]])
  }

  /// A vector per sample [N, C] as [N, 1, 1, C], to be added to an image.
  package func asChannels() -> Tensor {
    guard shape.rank == 2 else { return mistake("channels are made of [N, C], not \(shape)") }
    return reshaped([shape[0], 1, 1, shape[1]])
  }

  private func mistake(_ description: String) -> Tensor {
    builder.note(GraphError("\(builder.scope(of: self)): \(description)"))
    return self
  }

  package static func + (left: Tensor, right: Tensor) -> Tensor { left.builder.apply(.add, [left, right]) }
  package static func * (left: Tensor, right: Tensor) -> Tensor { left.builder.apply(.multiply, [left, right]) }
  package static func * (left: Tensor, right: Float) -> Tensor { left.builder.apply(.scale(right), [left]) }

  private func operands(_ weight: Parameter, _ bias: Parameter?) -> [Tensor] {
    [self, builder.parameter(weight)] + (bias.map { [builder.parameter($0)] } ?? [])
  }
}

/// Everything a graph can compute. Four places switch over it without a `default`, so that a new case names them: what is
/// known of each operation (`definition`, by the files in Operations), and what each executor does for it.
///
/// Activations are [N, H, W, C] or tokens [N, T, C]. Weights keep the layout of the checkpoint (convolutions
/// [out, in, kh, kw], linear [out, in]); a backend repacks them once. Statistics, softmax and accumulation are 32-bit
/// whatever the element type of the operands.
package enum Op: Hashable, Sendable {
  /// A value fed at each run, by name.
  case input(String)
  /// A weight, by canonical path.
  case parameter(String)

  // Basic operations.

  /// x [..., in], weight [out, in], then the epilogue's operands -> [..., out].
  case linear(Epilogue)
  /// x [N, H, W, in], weight [out, in, kh, kw], then the epilogue's operands -> [N, H', W', out]. x may be several images
  /// [N, H, W, ...], whose channels follow each other.
  case conv2d(Convolution, Epilogue)
  /// a [..., M, K] times b [..., K, N] (or b [..., N, K] if `transposeB`), leading extents equal -> [..., M, N].
  case matmul(transposeB: Bool)
  /// x [N, ..., C], weight [C], bias [C]: normalised over the channels of each group and all positions, then scaled and
  /// shifted, then the activation, if any. `addsFirst`, a last operand [N, C] is added to x before all else.
  case groupNorm(groups: Int, epsilon: Float, activation: Activation?, addsFirst: Bool = false)
  /// x [..., C], weight [C], bias [C]: normalised over the last axis.
  case layerNorm(epsilon: Float)
  case activation(Activation)
  /// x [..., C], slopes [C] or [1]: x where it is positive, elsewhere x times the slope of its channel, or the one slope (He et
  /// al., Delving Deep into Rectifiers, 2015).
  case prelu
  /// Over the last axis. `causal` masks, for x [..., T, S], every s > t.
  case softmax(causal: Bool)
  /// a + b; an extent of 1 in `b` is repeated.
  case add
  /// a * b; an extent of 1 in `b` is repeated.
  case multiply
  case scale(Float)
  /// Joins the operands along an axis.
  case concat(axis: Int)
  /// x [N, H, W, C] -> [N, height, width, C] by nearest neighbour: source row = floor(row * H / height).
  case upsampleNearest(height: Int, width: Int)
  /// ids [N, T] int32, table [V, C] -> [N, T, C]. Ids outside the table are an error of the caller.
  case embedding
  /// t [N] -> [N, width]: the cosines, then the sines, of t * 10000^(-i / (width / 2)) (diffusers `Timesteps` with
  /// `flip_sin_to_cos` and no frequency shift).
  case timestepEmbedding(width: Int)
  case cast(ElementType)

  // Views: no arithmetic, and no copy where the backend can avoid one.

  case reshape(Shape)
  /// Axis i of the result is axis `axes[i]` of the operand.
  case permute([Int])
  case slice(axis: Int, start: Int, count: Int)

  // Fused operations: each has a decomposition into basic ones.

  /// q [N, T, C], k [N, S, C], v [N, S, C] -> [N, T, C]: softmax(q k^T / sqrt(C / heads)) v in each head; the heads
  /// lie side by side in C. `causal` masks every s > t.
  case attention(heads: Int, causal: Bool)
  /// x [..., 2 C] -> [..., C]: the first half times the activation of the second (Shazeer, GLU Variants Improve
  /// Transformer, 2020); GEGLU with gelu, SwiGLU with silu.
  case glu(Activation)
  /// x [..., in], weight [2 C, in], then the bias [2 C] if any -> [..., C]: a linear layer and `glu` of its result.
  case gatedLinear(Activation, bias: Bool)
  /// x [..., in], `count` weights [out, in], then as many biases [out] if any -> [count, ..., out]: linear layers of one value.
  case linears(count: Int, bias: Bool)
}

/// Stride and zero padding of a convolution; its kernel's extents are the weight's.
package struct Convolution: Hashable, Sendable {
  package let stride: Int
  package let padding: Padding
  /// What x is repeated to before anything else, as by `upsampleNearest`; nil leaves it as it is.
  package var upsampling: Upsampling?
  /// How many images are read as one that has the channels of all; the weight comes after them.
  package var images = 1

  package init(stride: Int = 1, padding: Padding, upsampling: Upsampling? = nil, images: Int = 1) {
    self.stride = stride
    self.padding = padding
    self.upsampling = upsampling
    self.images = images
  }

  package struct Upsampling: Hashable, Sendable {
    package let height: Int, width: Int

    package init(height: Int, width: Int) {
      self.height = height
      self.width = width
    }
  }

  package struct Padding: Hashable, Sendable {
    package let top: Int, left: Int, bottom: Int, right: Int

    package init(top: Int, left: Int, bottom: Int, right: Int) {
      self.top = top
      self.left = left
      self.bottom = bottom
      self.right = right
    }

    package init(_ all: Int) { self.init(top: all, left: all, bottom: all, right: all) }
  }
}

/// What follows a product before its result is stored: residual + activation(product + bias).
///
/// The extra operands stand after the weight, in the order bias [out], residual [shape of the result].
package struct Epilogue: Hashable, Sendable {
  package var bias: Bool
  package var activation: Activation?
  package var residual: Bool

  package init(bias: Bool = false, activation: Activation? = nil, residual: Bool = false) {
    self.bias = bias
    self.activation = activation
    self.residual = residual
  }

  package var operandCount: Int { (bias ? 1 : 0) + (residual ? 1 : 0) }
}

extension Op {
  /// What is known of the operation, whoever computes it.
  package var definition: OpDefinition {
    switch self {
    case .input: .input
    case .parameter: .parameter
    case .linear(let epilogue): .linear(epilogue)
    case .conv2d(let convolution, let epilogue): .conv2d(convolution, epilogue)
    case .matmul(let transposeB): .matmul(transposeB: transposeB)
    case .groupNorm(let groups, let epsilon, let activation, let addsFirst):
      .groupNorm(groups: groups, epsilon: epsilon, activation: activation, addsFirst: addsFirst)
    case .layerNorm: .layerNorm
    case .activation(let function): .activation(function)
    case .prelu: .prelu
    case .softmax(let causal): .softmax(causal: causal)
    case .add: .add
    case .multiply: .multiply
    case .scale: .scale
    case .concat(let axis): .concat(axis: axis)
    case .upsampleNearest(let height, let width): .upsampleNearest(height: height, width: width)
    case .embedding: .embedding
    case .timestepEmbedding(let width): .timestepEmbedding(width: width)
    case .cast(let elementType): .cast(elementType)
    case .reshape(let shape): .reshape(shape)
    case .permute(let axes): .permute(axes)
    case .slice(let axis, let start, let count): .slice(axis: axis, start: start, count: count)
    case .attention(let heads, let causal): .attention(heads: heads, causal: causal)
    case .glu(let gate): .glu(gate)
    case .gatedLinear(let gate, let bias): .gatedLinear(gate, bias: bias)
    case .linears(let count, let bias): .linears(count: count, bias: bias)
    }
  }
}

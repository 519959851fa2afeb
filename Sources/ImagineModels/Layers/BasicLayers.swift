package import ImagineGraph

/// x [..., in] -> [..., out]
package struct Linear {
  let weight: Parameter
  let bias: Parameter?

  package init(_ weights: Weights, in inputs: Int, out outputs: Int, bias: Bool = true) {
    weight = weights.parameter("weight", [outputs, inputs])
    self.bias = bias ? weights.parameter("bias", [outputs]) : nil
  }

  package func callAsFunction(_ x: Tensor) -> Tensor { x.linear(weight, bias: bias) }
}

/// x [N, H, W, in] -> [N, H', W', out]
package struct Conv2d {
  let weight: Parameter
  let bias: Parameter?
  let convolution: Convolution

  /// - Parameter padding: kernel / 2 on every side unless given.
  package init(
    _ weights: Weights, in inputs: Int, out outputs: Int, kernel: Int, stride: Int = 1,
    padding: Convolution.Padding? = nil, bias: Bool = true
  ) {
    weight = weights.parameter("weight", [outputs, inputs, kernel, kernel])
    self.bias = bias ? weights.parameter("bias", [outputs]) : nil
    convolution = Convolution(stride: stride, padding: padding ?? Convolution.Padding(kernel / 2))
  }

  package func callAsFunction(_ x: Tensor) -> Tensor { x.conv2d(weight, bias: bias, convolution) }
}

/// x [N, ..., C], normalised within groups of channels over all positions.
package struct GroupNorm {
  package let weight: Parameter
  package let bias: Parameter
  package let groups: Int
  package let epsilon: Float

  package init(_ weights: Weights, channels: Int, groups: Int, epsilon: Float) {
    weight = weights.parameter("weight", [channels])
    bias = weights.parameter("bias", [channels])
    self.groups = groups
    self.epsilon = epsilon
  }

  package func callAsFunction(_ x: Tensor) -> Tensor { x.groupNorm(weight, bias, groups: groups, epsilon: epsilon) }
}

/// x [..., C], normalised over its channels.
package struct LayerNorm {
  let weight: Parameter
  let bias: Parameter
  let epsilon: Float

  package init(_ weights: Weights, channels: Int, epsilon: Float = 1e-5) {
    weight = weights.parameter("weight", [channels])
    bias = weights.parameter("bias", [channels])
    self.epsilon = epsilon
  }

  package func callAsFunction(_ x: Tensor) -> Tensor { x.layerNorm(weight, bias, epsilon: epsilon) }
}

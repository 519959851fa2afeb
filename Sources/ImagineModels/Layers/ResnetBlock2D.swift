package import ImagineGraph

/// Two normalised convolutions around a shortcut, with the time embedding added between them where there is one.
package struct ResnetBlock2D {
  let norm1: GroupNorm, norm2: GroupNorm
  let conv1: Conv2d, conv2: Conv2d
  let timeProjection: Linear?
  let shortcut: Conv2d?

  /// - Parameter time: width of the time embedding; nil in an autoencoder.
  package init(
    _ weights: Weights, in inputs: Int, out outputs: Int, time: Int? = nil, groups: Int, epsilon: Float
  ) {
    norm1 = GroupNorm(weights["norm1"], channels: inputs, groups: groups, epsilon: epsilon)
    conv1 = Conv2d(weights["conv1"], in: inputs, out: outputs, kernel: 3)
    timeProjection = time.map { Linear(weights["time_emb_proj"], in: $0, out: outputs) }
    norm2 = GroupNorm(weights["norm2"], channels: outputs, groups: groups, epsilon: epsilon)
    conv2 = Conv2d(weights["conv2"], in: outputs, out: outputs, kernel: 3)
    shortcut = inputs == outputs ? nil : Conv2d(weights["conv_shortcut"], in: inputs, out: outputs, kernel: 1)
  }

  /// x [N, H, W, in], time [N, time] -> [N, H, W, out]
  ///
  /// - Parameter normalised: what the norms are computed by, where the values at hand are not the whole image.
  package func callAsFunction(
    _ x: Tensor, time: Tensor? = nil, normalised: (GroupNorm, Tensor) -> Tensor = { $0($1) }
  ) -> Tensor {
    var h = conv1(normalised(norm1, x).silu())
    if let time, let timeProjection { h = h + timeProjection(time.silu()).asChannels() }
    return conv2(normalised(norm2, h).silu()) + (shortcut?(x) ?? x)
  }
}

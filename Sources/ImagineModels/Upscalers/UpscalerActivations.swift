import ImagineGraph

extension Tensor {
  /// x where it is positive, elsewhere x * slope.
  func leakyReLU(_ slope: Float) -> Tensor {
    // The graph has no constants, but `one` is one.
    let slopes = one.sliced(axis: 0, start: 0, count: 1).cast(to: .float32) * slope
    return prelu(slopes.reshaped([1]))
  }

  /// x [..., C] where it is positive, elsewhere x * slope of its channel.
  func prelu(_ slopes: Parameter) -> Tensor { prelu(builder.parameter(slopes)) }

  /// x [N, H, W, C] with a number added to each channel; none leave it as it is.
  func offsetChannels(by offsets: [Float]) -> Tensor {
    guard !offsets.isEmpty, shape.rank == 4 else { return self }
    let channels = offsets.enumerated().map { index, offset in
      sliced(axis: 3, start: index, count: 1) + one * offset
    }
    return builder.apply(.concat(axis: 3), channels)
  }
}

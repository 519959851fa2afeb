import ImagineGraph

extension Tensor {
  /// x where it is positive, elsewhere x * slope.
  func leakyReLU(_ slope: Float) -> Tensor { relu() + (self * -1).relu() * -slope }

  /// x [..., C] where it is positive, elsewhere x * slope of its channel (PyTorch's `PReLU`).
  func prelu(_ slopes: Parameter) -> Tensor {
    let slope = builder.parameter(slopes).asActivation()
    let perChannel = slope.reshaped(Shape([Int](repeating: 1, count: shape.rank - 1) + [slope.shape.last]))
    return relu() + (self * -1).relu() * (perChannel * -1)
  }

  /// x [N, H, W, C] with a number added to each channel; none leave it as it is.
  func offsetChannels(by offsets: [Float]) -> Tensor {
    guard !offsets.isEmpty, shape.rank == 4 else { return self }
    // The graph has no constants, but `one` is one.
    let channels = offsets.enumerated().map { index, offset in
      sliced(axis: 3, start: index, count: 1) + one * offset
    }
    return builder.apply(.concat(axis: 3), channels)
  }
}

import ImagineGraph

/// PyTorch's `pixel_shuffle` and its kin: channels to positions and back.
extension Tensor {
  /// x [N, H, W, C * factor^2] -> [N, H * factor, W * factor, C]; of the channels of one position the last axis counts
  /// columns, the one before it rows.
  func pixelShuffled(_ factor: Int) -> Tensor {
    guard factor > 1, shape.rank == 4 else { return self }
    let (rows, height, width, channels) = (shape[0], shape[1], shape[2], shape[3] / (factor * factor))
    return reshaped([rows, height, width, channels, factor, factor]).permuted([0, 1, 4, 2, 5, 3])
      .reshaped([rows, height * factor, width * factor, channels])
  }

  /// x [N, H * factor, W * factor, C] -> [N, H, W, C * factor^2]: the inverse.
  func pixelUnshuffled(_ factor: Int) -> Tensor {
    guard factor > 1, shape.rank == 4 else { return self }
    let (rows, height, width, channels) = (shape[0], shape[1] / factor, shape[2] / factor, shape[3])
    return reshaped([rows, height, factor, width, factor, channels]).permuted([0, 1, 3, 5, 2, 4])
      .reshaped([rows, height, width, channels * factor * factor])
  }

  func upsampledNearest(by factor: Int) -> Tensor {
    guard shape.rank == 4 else { return self }
    return upsampledNearest(height: shape[1] * factor, width: shape[2] * factor)
  }

  func joined(with others: [Tensor]) -> Tensor {
    others.isEmpty ? self : builder.apply(.concat(axis: shape.rank - 1), [self] + others)
  }
}

import ImagineGraph

/// Mean and deviation of each channel of an autoencoder's latents (diffusers' `latents_mean` and `latents_std`).
package struct LatentStatistics: Sendable, Hashable {
  package let means: [Float]
  package let deviations: [Float]

  package init(means: [Float], deviations: [Float]) {
    self.means = means
    self.deviations = deviations
  }

  /// latents [N, h, w, C] of mean 0 -> latents * deviation * scale + mean.
  func undone(_ latents: Tensor, scale: Float) -> Tensor {
    let channels = zip(means, deviations).enumerated().map { index, statistics in
      latents.sliced(axis: 3, start: index, count: 1) * (statistics.1 * scale) + latents.one * statistics.0
    }
    return latents.builder.apply(.concat(axis: 3), channels)
  }
}

extension Tensor {
  /// 1 for each image of [N, H, W, C], as [N, 1, 1, 1], to be added to or multiplied: the graph has no constants, but the
  /// softmax of a single number is one.
  var one: Tensor { (1..<shape.rank).reduce(self) { $0.sliced(axis: $1, start: 0, count: 1) }.softmax() }
}

internal import Foundation
internal import ImagineModels

/// What an autoencoder makes of a picture: for each value of its latents a normal distribution, of which most programs take
/// the mean and diffusers takes a draw.
struct LatentDistribution: Sendable {
  /// As the encoder gives them, [C, h, w].
  let means: [Float]
  /// Nil for autoencoders that give one answer.
  let deviations: [Float]?
  private let format: LatentFormat

  /// - Parameter output: of the encoder: means and the logarithms of variances, or latents alone, channels first.
  init(_ output: [Float], positions: Int, format: LatentFormat) {
    self.format = format
    let count = format.channels * positions
    means = Array(output.prefix(count))
    // As diffusers and the original code bound them.
    deviations = output.count == 2 * count ? output.suffix(count).map { exp(0.5 * min(max($0, -30), 20)) } : nil
  }

  /// The latents in the denoiser's scale, [C, h, w].
  ///
  /// - Parameter noise: of unit variance, [C, h, w]; nil for the mean.
  func latents(noise: [Float]? = nil) -> [Float] {
    var values = means
    if let noise, let deviations { for index in values.indices { values[index] += deviations[index] * noise[index] } }
    let positions = values.count / format.channels
    for index in values.indices {
      if let statistics = format.statistics {
        let channel = index / positions
        values[index] = (values[index] - statistics.means[channel]) / statistics.deviations[channel]
      }
      values[index] *= format.scale
    }
    return values
  }
}

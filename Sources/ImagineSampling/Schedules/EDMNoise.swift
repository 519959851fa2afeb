import Foundation

/// Noise of every level between two, as models after Karras et al., "Elucidating the design space of diffusion-based
/// generative models" (2022), are trained with: Playground 2.5, CosXL.
///
/// Such models are told a quarter of the logarithm of the level in place of a timestep. Schedules that count in training
/// timesteps find a thousand of them here, even in the logarithm, as ComfyUI's `ModelSamplingContinuousEDM` has them.
package struct EDMNoise: Sendable, Hashable {
  package let sigmaMin: Float
  package let sigmaMax: Float
  /// The deviation of latents without noise.
  package let sigmaData: Float

  /// Levels to count in.
  static let count = 1000

  /// - Throws: ``SamplingError/invalidNoiseSchedule(reason:)`` unless the levels are positive, finite and two.
  package init(sigmaMin: Double, sigmaMax: Double, sigmaData: Double) throws(SamplingError) {
    let levels = [sigmaMin, sigmaMax, sigmaData]
    guard levels.allSatisfy({ 1e-6...1e6 ~= $0 }), sigmaMin < sigmaMax else {
      throw .invalidNoiseSchedule(reason: "its levels go from \(sigmaMin) to \(sigmaMax) for data of \(sigmaData)")
    }
    (self.sigmaMin, self.sigmaMax, self.sigmaData) = (Float(sigmaMin), Float(sigmaMax), Float(sigmaData))
  }

  private var logarithms: (low: Double, high: Double) { (log(Double(sigmaMin)), log(Double(sigmaMax))) }

  /// The level at a place among the thousand; places outside count as the ends.
  func sigma(at place: Double) -> Float {
    guard place > 0 else { return sigmaMin }
    let last = Double(Self.count - 1), (low, high) = logarithms
    return place < last ? Float(exp(low + place / last * (high - low))) : sigmaMax
  }

  /// The place of a level.
  func place(of sigma: Float) -> Float {
    guard sigma > sigmaMin else { return 0 }
    guard sigma < sigmaMax else { return Float(Self.count - 1) }
    let (low, high) = logarithms
    return Float((log(Double(sigma)) - low) / (high - low) * Double(Self.count - 1))
  }
}

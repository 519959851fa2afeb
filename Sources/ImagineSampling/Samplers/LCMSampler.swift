/// The sampler of latent consistency models: Luo et al., "Latent consistency models" (2023), algorithm 3; ComfyUI's and
/// diffusers' LCM.
///
/// Every step takes the model's estimate for the picture and adds fresh noise of the next level. diffusers' and A1111's blend
/// the estimate with the latents by `0.25 / (100 t^2 + 0.25)`; that is below 1e-5 on the timesteps of these models and left
/// out, as ComfyUI does.
package struct LCMSampler: Sampler {
  package static let label = "LCM"
  package static let aliases: [String] = []
  package static let defaultSchedule: SigmaSchedule? = nil
  /// diffusers' way, with a chosen schedule too: DMD2 is this on ``SigmaSchedule/trailing``.
  package static let start = SamplingPlan.Start.unitVariance

  package init() {}

  /// The number of timesteps that the models were distilled on.
  private static let originalSteps = 50

  /// diffusers' `LCMScheduler` with its default settings: steps are spread over the 50 timesteps of distillation, which are
  /// 999, 979, ... 19; four steps are 999, 759, 499, 259.
  ///
  /// - Throws: ``SamplingError/stepCount(_:allowed:schedule:)`` for more than 50 steps, as diffusers does.
  package static func defaultPlan(steps: Int, sampling: ModelSampling) throws(SamplingError) -> SamplingPlan {
    let original = min(originalSteps, sampling.trainTimesteps)
    guard 1...original ~= steps else {
      throw .stepCount(steps, allowed: 1...original, schedule: "lcm sampler's own")
    }
    let stride = sampling.trainTimesteps / original
    let timesteps = (0..<steps).map { (original - $0 * original / steps) * stride - 1 }
    let sigmas = timesteps.map { sampling.sigma(at: Double($0)) } + [0]
    return try SamplingPlan(sigmas: sigmas, start: start, sampling: sampling)
  }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let denoised = try await denoise(x, sigma)
    x = next > 0 ? weightedSum(1, denoised, next, noise.draw(from: sigma, to: next)) : denoised
    return denoised
  }
}

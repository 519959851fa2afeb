/// The sampler of latent consistency models: Luo et al., "Latent consistency models" (2023), algorithm 3; ComfyUI's and
/// diffusers' LCM.
///
/// Every step takes the model's estimate for the picture and adds fresh noise of the next level. diffusers' and A1111's blend
/// the estimate with the latents by `0.25 / (100 t^2 + 0.25)`; that is below 1e-5 on the timesteps of these models and left
/// out, as ComfyUI does.
package struct LCMSampler: Sampler {
  package static let label = "LCM"
  package static let aliases = ["LCMScheduler"]
  package static let defaultSchedule: SigmaSchedule? = nil
  /// diffusers' way, with a chosen schedule too: DMD2 is this on ``SigmaSchedule/trailing``.
  package static let start = SamplingPlan.Start.unitVariance

  package static let relation = DiffusersRelation.preserving

  package init(_ run: SamplerRun) {}

  package static func ownPlan(
    steps: Int, sampling: ModelSampling, habits: SamplingHabits
  ) throws(SamplingError) -> SamplingPlan? {
    try TimestepPlans(steps: steps, sampling: sampling, sampler: "lcm").distilled(habits, end: 0)
  }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let denoised = try await denoise(x, sigma)
    x = next > 0 ? weightedSum(1, denoised, next, noise.draw(from: sigma, to: next)) : denoised
    return denoised
  }
}

/// Deterministic DDIM: Song et al., "Denoising diffusion implicit models" (2020), eq. 12 with eta 0.
///
/// DDIM's update `sqrt(a') * x0 + sqrt(1 - a') * noise`, divided by `sqrt(a')`, is Euler's step in k-diffusion's scale, to the
/// letter; on an explicit schedule the two samplers give the same latents. What sets DDIM apart is its own plan.
package struct DDIMSampler: Sampler {
  package static let label = "DDIM"
  package static let aliases: [String] = []
  package static let defaultSchedule: SigmaSchedule? = nil

  package init() {}

  /// diffusers' `DDIMScheduler` as Stable Diffusion 1.5 configures it: "leading" timesteps with `steps_offset` 1,
  /// `set_alpha_to_one` false, `clip_sample` false.
  ///
  /// Timesteps are 1, 1 + r, 1 + 2r ... for r = training timesteps / steps; the run ends at the noise of timestep 0, not at
  /// none, and starts from unit noise in diffusers' scale. At the full number of steps the first timestep would lie one past the
  /// end of the schedule and is taken as the last, where diffusers fails.
  ///
  /// - Throws: ``SamplingError/stepCount(_:allowed:schedule:)`` for more steps than training timesteps, as diffusers does.
  package static func defaultPlan(steps: Int, sampling: ModelSampling) throws(SamplingError) -> SamplingPlan {
    let count = sampling.trainTimesteps
    guard 1...count ~= steps else {
      throw .stepCount(steps, allowed: 1...count, schedule: "ddim sampler's own")
    }
    let ratio = count / steps
    let timesteps = (0..<steps).reversed().map { min($0 * ratio + 1, count - 1) }
    let sigmas = timesteps.map { sampling.sigma(at: Double($0)) } + [sampling.sigmaMin]
    return try SamplingPlan(sigmas: sigmas, start: .unitVariance, sampling: sampling)
  }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let denoised = try await denoise(x, sigma)
    x = straightStep(x, towards: denoised, from: sigma, to: next)
    return denoised
  }
}

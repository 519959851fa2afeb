/// DDIM: Song et al., "Denoising diffusion implicit models" (2020), eq. 12; the noise of eq. 16 is eta's, none at 0.
///
/// DDIM's update `sqrt(a') * x0 + sqrt(1 - a') * noise`, divided by `sqrt(a')`, is Euler's step in k-diffusion's scale, to the
/// letter; on an explicit schedule the two samplers give the same latents, with an eta Euler a does. What sets DDIM apart is
/// its own plan.
package struct DDIMSampler: Sampler {
  package static let label = "DDIM"
  package static let aliases = ["DDIMScheduler"]
  package static let defaultSchedule: SigmaSchedule? = nil
  package static let settings: Set<SamplerSetting> = [.eta]
  package static let relation = DiffusersRelation.preserving
  package static let isOnTimesteps = true

  private let eta: Double

  package init(_ run: SamplerRun) { eta = run.settings.eta ?? 0 }

  package static func ownPlan(
    steps: Int, sampling: ModelSampling, habits: SamplingHabits
  ) throws(SamplingError) -> SamplingPlan? {
    try TimestepPlans(steps: steps, sampling: sampling, sampler: "ddim").leading(habits)
  }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let denoised = try await denoise(x, sigma)
    let levels = AncestralLevels(from: sigma, to: next, eta: eta)
    x = straightStep(x, towards: denoised, from: sigma, to: levels.down)
    if eta > 0, next > 0 { x = weightedSum(1, x, Float(levels.up), noise.draw(from: sigma, to: next)) }
    return denoised
  }
}

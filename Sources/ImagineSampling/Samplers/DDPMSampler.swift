/// The posterior of denoising diffusion probabilistic models: Ho et al. (2020), with the smaller of its variances; diffusers'
/// `DDPMScheduler` with `fixed_small`, ComfyUI's `ddpm`.
///
/// In k-diffusion's scale that is an ancestral step of Euler's. What sets DDPM apart is its own plan, which ends without noise.
package struct DDPMSampler: Sampler {
  package static let label = "DDPM"
  package static let aliases = ["DDPMScheduler"]
  package static let defaultSchedule: SigmaSchedule? = nil
  package static let relation = DiffusersRelation.preserving

  private var steps: EulerAncestralSampler

  package init(_ run: SamplerRun) {
    steps = EulerAncestralSampler(SamplerRun(settings: SamplerSettings(), habits: run.habits, plan: run.plan))
  }

  package static func ownPlan(
    steps: Int, sampling: ModelSampling, habits: SamplingHabits
  ) throws(SamplingError) -> SamplingPlan? {
    try TimestepPlans(steps: steps, sampling: sampling, sampler: "ddpm").leading(habits, end: 0)
  }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    try await steps.step(&x, from: sigma, to: next, denoise: denoise, noise: &noise)
  }
}

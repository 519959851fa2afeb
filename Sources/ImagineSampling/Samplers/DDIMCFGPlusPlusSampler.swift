/// DDIM with the step of CFG++: A1111's "DDIM CFG++", which divides the guidance scale by 12.5, so that usual scales do.
package struct DDIMCFGPlusPlusSampler: Sampler {
  package static let label = "DDIM CFG++"
  package static let aliases = ["ddim_cfgpp", "ddim_cfg_pp"]
  package static let defaultSchedule: SigmaSchedule? = nil
  package static let settings: Set<SamplerSetting> = [.eta]
  package static let relation = DiffusersRelation.preserving
  package static let isOnTimesteps = true
  package static let usesUnconditional = true
  package static let guidanceDivisor: Float = 12.5

  private let move: CFGPlusPlusStep

  package init(_ run: SamplerRun) {
    move = CFGPlusPlusStep(
      SamplerRun(settings: SamplerSettings(eta: run.settings.eta), habits: run.habits, plan: run.plan), eta: 0)
  }

  package static func ownPlan(
    steps: Int, sampling: ModelSampling, habits: SamplingHabits
  ) throws(SamplingError) -> SamplingPlan? {
    try TimestepPlans(steps: steps, sampling: sampling, sampler: "ddim_cfg_pp").leading(habits)
  }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    try await move(&x, from: sigma, to: next, denoise, &noise)
  }
}

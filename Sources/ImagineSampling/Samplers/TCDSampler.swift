import Foundation

/// Trajectory consistency: Zheng et al., "Trajectory consistency distillation" (2024), algorithm 4; diffusers' `TCDScheduler`.
///
/// Every step goes down to an earlier timestep, the share `1 - eta` of the next one, and comes back up with fresh noise.
package struct TCDSampler: Sampler {
  package static let label = "TCD"
  package static let aliases = ["TCDScheduler"]
  package static let defaultSchedule: SigmaSchedule? = nil
  package static let start = SamplingPlan.Start.unitVariance
  package static let settings: Set<SamplerSetting> = [.eta]
  package static let relation = DiffusersRelation.preserving

  private let eta: Double
  private let sampling: ModelSampling

  package init(_ run: SamplerRun) {
    eta = run.settings.eta ?? 0.3
    sampling = run.plan.sampling
  }

  package static func ownPlan(
    steps: Int, sampling: ModelSampling, habits: SamplingHabits
  ) throws(SamplingError) -> SamplingPlan? {
    try TimestepPlans(steps: steps, sampling: sampling, sampler: "tcd").distilled(habits, end: sampling.sigmaMin)
  }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let denoised = try await denoise(x, sigma)
    // The last step of diffusers' goes to timestep 0 and has no noise.
    guard next > sampling.sigmaMin, eta > 0 else {
      x = straightStep(x, towards: denoised, from: sigma, to: next)
      return denoised
    }
    let timestep = ((1 - eta) * Double(sampling.trainTimestep(of: next))).rounded(.down)
    let down = min(sampling.sigma(at: timestep), next)
    let up = max(Double(next) * Double(next) - Double(down) * Double(down), 0).squareRoot()
    x = straightStep(x, towards: denoised, from: sigma, to: down)
    x = weightedSum(1, x, Float(up), noise.draw(from: sigma, to: next))
    return denoised
  }
}

import Foundation

/// DPM-Solver-fast: Lu et al. (2022), algorithm 3, with as many calls of the model as steps are asked for, in steps of three,
/// two or one; k-diffusion's `sample_dpm_fast`.
///
/// It goes from the highest level to the lowest above 0 and leaves that much noise. A1111 gives it an eta of 1, which others
/// do not.
package struct DPMFastSampler: Sampler {
  package static let label = "DPM fast"
  package static let defaultSchedule: SigmaSchedule? = .normal
  package static let settings: Set<SamplerSetting> = [.eta, .noise]

  private let eta: Double
  private let strength: Double
  private let calls: Int
  private let last: Double
  private var index = 0

  package init(_ run: SamplerRun) {
    eta = run.settings.eta ?? (run.habits.likeness == .a1111 ? 1 : 0)
    strength = run.settings.noise ?? 1
    calls = run.plan.scheduledSteps
    last = -log(Double(max(run.plan.sigmas.last ?? 1, .leastNormalMagnitude)))
  }

  package static func adapted(_ plan: SamplingPlan, habits: SamplingHabits) -> SamplingPlan {
    guard let (low, high) = plan.positiveEnds else { return plan }
    let (start, end) = (-log(Double(high)), -log(Double(low)))
    var levels = linspace(start, end, count: plan.stepCount / 3 + 2).map { Float(exp(-$0)) }
    (levels[0], levels[levels.count - 1]) = (high, low)
    return plan.replacing(SamplingPlan.steps(over: levels), end: low)
  }

  /// Calls of the model in a step.
  private func order(of index: Int) -> Int {
    let steps = calls / 3 + 1
    if calls % 3 == 0 { return index < steps - 2 ? 3 : index == steps - 2 ? 2 : 1 }
    return index < steps - 1 ? 3 : calls % 3
  }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    guard next > 0 else {
      let denoised = try await denoise(x, sigma)
      x = straightStep(x, towards: denoised, from: sigma, to: next)
      return denoised
    }
    let solver = DPMSolverStep(denoise: denoise)
    let time = -log(Double(sigma))
    let ancestral = AncestralTime(from: time, to: -log(Double(next)), last: last, eta: eta)
    let (denoised, start) = try await solver.slope(x, at: time)
    switch order(of: index) {
    case 1: x = solver.first(x, start, from: time, to: ancestral.end)
    case 2:
      let inner = try await solver.inner(x, start, share: 0.5, from: time, to: ancestral.end)
      x = solver.second(x, start, inner: (0.5, inner), from: time, to: ancestral.end)
    default:
      let inner = try await solver.inner(x, start, share: 1.0 / 3, from: time, to: ancestral.end)
      x = try await solver.third(x, start, inner: inner, from: time, to: ancestral.end)
    }
    index += 1
    if eta > 0 { x = weightedSum(1, x, Float(ancestral.up * strength), noise.draw(from: sigma, to: next)) }
    return denoised
  }
}

import Foundation

/// DPM-Solver with steps that it chooses itself, as long as the orders 2 and 3 agree: Lu et al. (2022), algorithm 4 and
/// appendix C; k-diffusion's `sample_dpm_adaptive` with its usual tolerances.
///
/// The whole run is one step, with as many calls of the model as it takes; the number of steps asked for means nothing. It goes
/// from the highest level to the lowest above 0 and leaves that much noise. A1111 gives it an eta of 1, which others do not.
package struct DPMAdaptiveSampler: Sampler {
  package static let label = "DPM adaptive"
  package static let aliases = ["k_dpm_ad"]
  package static let defaultSchedule: SigmaSchedule? = .normal
  package static let settings: Set<SamplerSetting> = [.eta, .noise]

  /// What two orders may differ by, at least and in proportion to the latents.
  private static let tolerance = (absolute: 0.0078, relative: 0.05)
  /// After so many steps, most of them refused, no end is in sight.
  private static let mostSteps = 10_000

  private let eta: Double
  private let strength: Double

  package init(_ run: SamplerRun) {
    eta = run.settings.eta ?? (run.habits.likeness == .a1111 ? 1 : 0)
    strength = run.settings.noise ?? 1
  }

  package static func adapted(_ plan: SamplingPlan, habits: SamplingHabits) -> SamplingPlan {
    guard let (low, high) = plan.positiveEnds else { return plan }
    return plan.replacing(SamplingPlan.steps(over: [high, low]), end: low)
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
    var (time, width, denoised) = (-log(Double(sigma)), 0.05, x)
    let last = -log(Double(next))
    var previous = x
    for _ in 0..<Self.mostSteps where time < last - 1e-5 {
      try Task.checkCancellation()
      let end = min(last, time + width)
      let ancestral = AncestralTime(from: time, to: end, last: last, eta: eta)
      let (estimate, start) = try await solver.slope(x, at: time)
      denoised = estimate
      let inner = try await solver.inner(x, start, share: 1.0 / 3, from: time, to: ancestral.end)
      let low = solver.second(x, start, inner: (1.0 / 3, inner), from: time, to: ancestral.end)
      let high = try await solver.third(x, start, inner: inner, from: time, to: ancestral.end)
      let error = Self.error(low, high, previous)
      guard error.isFinite else { return denoised.map { _ in .nan } }
      let (isAccepted, factor) = change(error)
      if isAccepted {
        previous = low
        x = high
        if eta > 0 {
          let levels = (Float(exp(-time)), Float(exp(-end)))
          x = weightedSum(1, x, Float(ancestral.up * strength), noise.draw(from: levels.0, to: levels.1))
        }
        time = end
      }
      width *= factor
    }
    return denoised
  }

  /// Whether a step is kept, and what its width is multiplied by: Söderlind's controller with the integral term alone.
  private func change(_ error: Double) -> (isAccepted: Bool, factor: Double) {
    let factor = 1 + atan(pow(1 / (error + 1e-8), 1 / (eta > 0 ? 1.5 : 3)) - 1)
    return (factor >= 0.81, factor)
  }

  /// The root of the mean square of the difference, in tolerances.
  private static func error(_ low: [Float], _ high: [Float], _ previous: [Float]) -> Double {
    var sum = 0.0
    for index in low.indices {
      let scale = max(tolerance.absolute, tolerance.relative * Double(max(abs(low[index]), abs(previous[index]))))
      let difference = Double(low[index] - high[index]) / scale
      sum += difference * difference
    }
    return (sum / Double(max(low.count, 1))).squareRoot()
  }
}

/// Xu et al., "Restart sampling for improving generative processes" (2023), in A1111's form: Heun's steps on Karras et al.'s
/// levels, with jumps back from about 0.1 to about 2.
///
/// Of 20 steps or more, 9 are made over again after the first way down; of 36 or more, two times a quarter of them. As there,
/// the levels between the ends are Karras et al.'s whatever the schedule.
package struct RestartSampler: Sampler {
  package static let label = "Restart"
  package static let defaultSchedule: SigmaSchedule? = .karras
  package static let callsPerStep = 2
  package static let settings: Set<SamplerSetting> = [.noise]

  private let strength: Float
  /// The level that the last step came to.
  private var level: Float?

  package init(_ run: SamplerRun) { strength = Float(run.settings.noise ?? 1) }

  package static func adapted(_ plan: SamplingPlan, habits: SamplingHabits) -> SamplingPlan {
    let count = plan.stepCount
    guard count >= 20, let high = plan.sigmas.first else { return plan }
    let times = count >= 36 ? 2 : 1
    let repeated = count >= 36 ? count / 4 : 9
    let low = plan.sigmas[plan.sigmas.count - 2]
    let levels = SigmaSchedule.karrasLevels(count - repeated * times, low: low, high: high) + [0]
    var steps = SamplingPlan.steps(over: levels)
    let (bottom, top) = (nearest(levels, to: 0.1), nearest(levels, to: 2))
    if bottom > 0, top < bottom {
      let again = SigmaSchedule.karrasLevels(repeated + 1, low: levels[bottom], high: levels[top])
      let jumps = (0..<times).flatMap { _ in SamplingPlan.steps(over: again) }
      steps.insert(contentsOf: jumps, at: bottom)
    }
    return plan.replacing(steps, end: 0)
  }

  private static func nearest(_ levels: [Float], to level: Float) -> Int {
    levels.indices.min { abs(levels[$0] - level) < abs(levels[$1] - level) } ?? 0
  }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    if let level, level < sigma {
      let deviation = (Double(sigma) * Double(sigma) - Double(level) * Double(level)).squareRoot()
      x = weightedSum(1, x, Float(deviation) * strength, noise.draw(from: sigma, to: level))
    }
    level = next
    return try await HeunSampler.corrected(&x, from: sigma, to: next, denoise)
  }
}

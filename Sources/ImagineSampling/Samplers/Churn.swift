/// Noise that is added before a step takes some away: Karras et al. (2022), algorithm 2, as in k-diffusion. diffusers adds it
/// after the model has seen the latents, which is not followed.
struct Churn: Sendable {
  private let share: Double
  private let range: ClosedRange<Double>
  private let strength: Double
  private let drawsAlways: Bool

  init(_ run: SamplerRun) {
    let settings = run.settings
    share = min((settings.churn ?? 0) / Double(max(run.plan.stepCount, 1)), 2.0.squareRoot() - 1)
    let low = settings.churnMinimum ?? 0
    range = low...max(settings.churnMaximum ?? .infinity, low)
    strength = settings.noise ?? 1
    drawsAlways = run.habits.drawsUnusedNoise
  }

  /// Adds noise to latents, and gives the level that they are at then.
  func raise(_ x: inout [Float], at sigma: Float, to next: Float, noise: inout some NoiseSource) -> Float {
    let gamma = range.contains(Double(sigma)) ? share : 0
    guard gamma > 0 else {
      if share > 0, drawsAlways { _ = noise.draw(from: sigma, to: next) }
      return sigma
    }
    let raised = Double(sigma) * (gamma + 1)
    let deviation = (raised * raised - Double(sigma) * Double(sigma)).squareRoot()
    x = weightedSum(1, x, Float(deviation * strength), noise.draw(from: sigma, to: next))
    return Float(raised)
  }
}

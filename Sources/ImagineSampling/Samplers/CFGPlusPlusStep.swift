/// The step of Chung et al., "CFG++: manifold-constrained classifier-free guidance" (2024): the guided estimate, with noise as
/// the model sees it without the prompt.
struct CFGPlusPlusStep: Sendable {
  let eta: Double
  let strength: Double

  init(_ run: SamplerRun, eta: Double) {
    self.eta = run.settings.eta ?? eta
    strength = run.settings.noise ?? 1
  }

  func callAsFunction(
    _ x: inout [Float], from sigma: Float, to next: Float, _ denoise: Denoiser, _ noise: inout some NoiseSource
  ) async throws -> [Float] {
    let estimate = try await denoise.estimate(x, sigma)
    let levels = AncestralLevels(from: sigma, to: next, eta: eta)
    x = weightedSum(1, estimate.guided, Float(levels.down), noiseDirection(x, estimate.unconditional, sigma))
    if eta > 0, next > 0 {
      x = weightedSum(1, x, Float(levels.up * strength), noise.draw(from: sigma, to: next))
    }
    return estimate.guided
  }
}

/// Euler steps that go below the next noise level and come back up with fresh noise: k-diffusion's `sample_euler_ancestral`.
package struct EulerAncestralSampler: Sampler {
  package static let label = "Euler a"
  package static let aliases = ["euler ancestral", "EulerAncestralDiscreteScheduler"]
  package static let defaultSchedule: SigmaSchedule? = .normal
  package static let settings: Set<SamplerSetting> = [.eta, .noise]

  private let eta: Double
  private let strength: Double

  package init(_ run: SamplerRun) {
    eta = run.settings.eta ?? 1
    strength = run.settings.noise ?? 1
  }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let denoised = try await denoise(x, sigma)
    let levels = AncestralLevels(from: sigma, to: next, eta: eta)
    x = straightStep(x, towards: denoised, from: sigma, to: levels.down)
    if next > 0 { x = weightedSum(1, x, Float(levels.up * strength), noise.draw(from: sigma, to: next)) }
    return denoised
  }
}

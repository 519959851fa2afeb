/// Euler's method on the probability flow ODE: Karras et al. (2022), algorithm 2 without churn; k-diffusion's `sample_euler`.
package struct EulerSampler: Sampler {
  package static let label = "Euler"
  package static let aliases: [String] = []
  package static let defaultSchedule: SigmaSchedule? = .normal

  package init() {}

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let denoised = try await denoise(x, sigma)
    x = straightStep(x, towards: denoised, from: sigma, to: next)
    return denoised
  }
}

/// Euler steps that go below the next noise level and come back up with fresh noise: k-diffusion's `sample_euler_ancestral`.
package struct EulerAncestralSampler: Sampler {
  package static let label = "Euler a"
  package static let aliases = ["euler ancestral"]
  package static let defaultSchedule: SigmaSchedule? = .normal

  /// How much of the noise is fresh: 1 is as much as the posterior has (DDPM), 0 is none (Euler).
  private let eta: Float

  package init() {
    self.init(eta: 1)
  }

  package init(eta: Float) {
    self.eta = eta
  }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let denoised = try await denoise(x, sigma)
    let (down, up) = levels(from: sigma, to: next)
    x = straightStep(x, towards: denoised, from: sigma, to: down)
    if next > 0 {
      x = weightedSum(1, x, up, noise.draw(from: sigma, to: next))
    }
    return denoised
  }

  /// The level to step down to and the noise to add, with `down^2 + up^2 = next^2`.
  private func levels(from sigma: Float, to next: Float) -> (down: Float, up: Float) {
    let (sigma, next, eta) = (Double(sigma), Double(next), Double(eta))
    let posterior = next * max(1 - next * next / (sigma * sigma), 0).squareRoot()
    let up = min(next, eta * posterior)
    return (Float((next * next - up * up).squareRoot()), Float(up))
  }
}

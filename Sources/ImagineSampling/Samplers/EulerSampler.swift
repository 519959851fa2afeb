/// Euler's method on the probability flow ODE: Karras et al. (2022), algorithm 2 without its correction; k-diffusion's
/// `sample_euler`.
package struct EulerSampler: Sampler {
  package static let label = "Euler"
  package static let aliases = ["EulerDiscreteScheduler"]
  package static let defaultSchedule: SigmaSchedule? = .normal
  package static let settings = SamplerSetting.churning

  private let churn: Churn

  package init(_ run: SamplerRun) { churn = Churn(run) }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let raised = churn.raise(&x, at: sigma, to: next, noise: &noise)
    let denoised = try await denoise(x, raised)
    x = straightStep(x, towards: denoised, from: raised, to: next)
    return denoised
  }
}

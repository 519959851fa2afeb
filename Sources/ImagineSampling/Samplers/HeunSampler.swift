/// Heun's method of second order: Karras et al. (2022), algorithm 2; k-diffusion's `sample_heun`.
package struct HeunSampler: Sampler {
  package static let label = "Heun"
  package static let aliases = ["HeunDiscreteScheduler"]
  package static let defaultSchedule: SigmaSchedule? = .normal
  package static let callsPerStep = 2
  package static let settings = SamplerSetting.churning

  private let churn: Churn

  package init(_ run: SamplerRun) { churn = Churn(run) }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let raised = churn.raise(&x, at: sigma, to: next, noise: &noise)
    return try await Self.corrected(&x, from: raised, to: next, denoise)
  }

  /// One step: the slope is the mean of those at both ends; a step to 0 has the first one alone.
  static func corrected(
    _ x: inout [Float], from sigma: Float, to next: Float, _ denoise: Denoiser
  ) async throws -> [Float] {
    let denoised = try await denoise(x, sigma)
    let predicted = straightStep(x, towards: denoised, from: sigma, to: next)
    guard next > 0 else {
      x = predicted
      return denoised
    }
    let slope = noiseDirection(x, denoised, sigma)
    let second = noiseDirection(predicted, try await denoise(predicted, next), next)
    let half = Double(next - sigma) / 2
    x = weightedSum(1, x, [(half, slope), (half, second)])
    return denoised
  }
}

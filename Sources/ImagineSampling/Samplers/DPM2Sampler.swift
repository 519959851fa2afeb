/// DPM-Solver-2: Lu et al. (2022), with Karras et al.'s churn; k-diffusion's `sample_dpm_2`.
package struct DPM2Sampler: Sampler {
  package static let label = "DPM2"
  package static let aliases = ["dpm_2", "kdpm_2", "KDPM2DiscreteScheduler"]
  package static let defaultSchedule: SigmaSchedule? = .karras
  package static let callsPerStep = 2
  package static let settings = SamplerSetting.churning

  private let churn: Churn

  package init(_ run: SamplerRun) { churn = Churn(run) }

  package static func discardsPenultimate(_ habits: SamplingHabits) -> Bool { habits.likeness != .diffusers }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let raised = churn.raise(&x, at: sigma, to: next, noise: &noise)
    return try await Self.midpoint(&x, from: raised, to: next, denoise)
  }

  /// One step by the slope at the middle of the interval in the logarithm of sigma; a step to 0 has no middle.
  static func midpoint(
    _ x: inout [Float], from sigma: Float, to next: Float, _ denoise: Denoiser
  ) async throws -> [Float] {
    let denoised = try await denoise(x, sigma)
    guard next > 0 else {
      x = straightStep(x, towards: denoised, from: sigma, to: next)
      return denoised
    }
    let middle = Float((Double(sigma) * Double(next)).squareRoot())
    let halfway = straightStep(x, towards: denoised, from: sigma, to: middle)
    let slope = noiseDirection(halfway, try await denoise(halfway, middle), middle)
    x = weightedSum(1, x, next - sigma, slope)
    return denoised
  }
}

/// Improved pseudo numerical method of order 4: Zhang & Chen, "Fast sampling of diffusion models with exponential integrator"
/// (2022), table 1; ComfyUI's `ipndm`.
package struct IPNDMSampler: Sampler {
  package static let label = "iPNDM"
  package static let aliases = ["IPNDMScheduler"]
  package static let defaultSchedule: SigmaSchedule? = .normal

  private var history: [[Float]] = []

  package init(_ run: SamplerRun) {}

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let denoised = try await denoise(x, sigma)
    guard next > 0 else {
      x = denoised
      return denoised
    }
    let slopes = [noiseDirection(x, denoised, sigma)] + history
    let width = Double(next - sigma)
    x = weightedSum(1, x, zip(EvenAdamsBashforth.weights[slopes.count - 1], slopes).map { ($0 * width, $1) })
    history = Array(slopes.prefix(3))
    return denoised
  }
}

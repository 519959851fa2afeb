import Foundation

/// The second-order exponential multistep of Zhang et al., "Improved order analysis and design of exponential integrator for
/// diffusion models sampling" (2023); ComfyUI's `res_multistep`.
package struct ResMultistepSampler: Sampler {
  package static let label = "RES multistep"
  package static let aliases = ["res_2m"]
  package static let defaultSchedule: SigmaSchedule? = .normal
  package static let relation = DiffusersRelation.solver

  private var previous: (denoised: [Float], width: Double)?

  package init(_ run: SamplerRun) {}

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let denoised = try await denoise(x, sigma)
    let width = logarithmicWidth(from: sigma, to: next)
    if let previous, next > 0 {
      let first = -expm1(-width) / width, second = (1 - first) / width
      let slope = second * width / previous.width
      x = weightedSum(
        Float(exp(-width)), x,
        [(width * (first + slope), denoised), (-width * slope, previous.denoised)])
    } else {
      x = straightStep(x, towards: denoised, from: sigma, to: next)
    }
    previous = (denoised, width)
    return denoised
  }
}

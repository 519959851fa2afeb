import Foundation

/// DPM-Solver++(2M): Lu et al., "DPM-Solver++" (2022), algorithm 2; k-diffusion's `sample_dpmpp_2m`.
///
/// A second-order multistep method in `lambda = -log(sigma)`: the denoised estimate is extrapolated from the last two calls of
/// the model. The first step and a step to 0 have nothing to extrapolate with and are first-order.
package struct DPMpp2MSampler: Sampler {
  package static let label = "DPM++ 2M"
  package static let aliases = ["DPMSolverMultistepScheduler"]
  package static let defaultSchedule: SigmaSchedule? = .karras
  package static let relation = DiffusersRelation.solver

  /// The denoised estimate of the previous step and that step's width in lambda.
  private var previous: (denoised: [Float], width: Double)?

  package init(_ run: SamplerRun) {}

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let denoised = try await denoise(x, sigma)
    let width = log(Double(sigma)) - log(Double(next))
    x = straightStep(x, towards: extrapolated(denoised, width: width), from: sigma, to: next)
    previous = (denoised, width)
    return denoised
  }

  private func extrapolated(_ denoised: [Float], width: Double) -> [Float] {
    // Schedules may repeat a level; a step of no width says nothing about the slope.
    guard let previous, previous.width > 0, width.isFinite else { return denoised }
    let weight = Float(width / previous.width / 2)
    return weightedSum(1 + weight, denoised, -weight, previous.denoised)
  }
}

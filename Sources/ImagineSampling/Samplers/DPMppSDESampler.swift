import Foundation

/// DPM-Solver++ for the stochastic differential equation, with a step halfway: k-diffusion's `sample_dpmpp_sde` with r 1/2.
package struct DPMppSDESampler: Sampler {
  package static let label = "DPM++ SDE"
  package static let aliases = ["dpmpp_sde_gpu"]
  package static let defaultSchedule: SigmaSchedule? = .karras
  package static let callsPerStep = 2
  package static let settings: Set<SamplerSetting> = [.eta, .noise]
  package static let relation = DiffusersRelation.solver
  package static let isBrownian = true

  private let eta: Double
  private let strength: Float

  package init(_ run: SamplerRun) {
    eta = run.settings.eta ?? 1
    strength = Float(run.settings.noise ?? 1)
  }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let denoised = try await denoise(x, sigma)
    guard next > 0 else {
      x = straightStep(x, towards: denoised, from: sigma, to: next)
      return denoised
    }
    // As k-diffusion, levels go through their logarithm in single precision: where on its path noise is taken from depends
    // on the last digit.
    let (time, end) = (-log(sigma), -log(next))
    let (start, middle, stop) = (exp(-time), exp(-(time + (end - time) / 2)), exp(-end))
    let half = AncestralLevels(from: start, to: middle, eta: eta)
    var halfway = straightStep(x, towards: denoised, from: start, to: half.down)
    halfway = weightedSum(1, halfway, half.up * strength, noise.draw(from: start, to: middle))
    let second = try await denoise(halfway, middle)
    let whole = AncestralLevels(from: start, to: stop, eta: eta)
    x = straightStep(x, towards: second, from: start, to: whole.down)
    x = weightedSum(1, x, whole.up * strength, noise.draw(from: start, to: stop))
    return denoised
  }
}

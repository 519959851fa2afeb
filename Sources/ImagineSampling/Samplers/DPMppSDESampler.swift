import Foundation

/// DPM-Solver++ for the stochastic differential equation, with a step halfway: k-diffusion's `sample_dpmpp_sde` with r 1/2.
package struct DPMppSDESampler: Sampler {
  package static let label = "DPM++ SDE"
  package static let aliases = ["dpmpp_sde_gpu", "DPMSolverSDEScheduler"]
  package static let defaultSchedule: SigmaSchedule? = .karras
  package static let callsPerStep = 2
  package static let settings: Set<SamplerSetting> = [.eta, .noise]
  package static let relation = DiffusersRelation.solver
  package static let isBrownian = true

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
    guard next > 0 else {
      x = straightStep(x, towards: denoised, from: sigma, to: next)
      return denoised
    }
    let middle = (Double(sigma) * Double(next)).squareRoot()
    let path = PathLevels(from: sigma, to: next)
    let half = AncestralLevels(from: Double(sigma), to: middle, eta: eta)
    var halfway = straightStep(x, towards: denoised, from: sigma, to: half.down)
    halfway = weightedSum(1, halfway, Float(half.up * strength), noise.draw(from: path.start, to: path.middle))
    let second = try await denoise(halfway, Float(middle))
    let whole = AncestralLevels(from: sigma, to: next, eta: eta)
    x = straightStep(x, towards: second, from: sigma, to: whole.down)
    x = weightedSum(1, x, Float(whole.up * strength), noise.draw(from: path.start, to: path.end))
    return denoised
  }
}

/// Where on its path k-diffusion takes noise from: levels go through their logarithms in single precision there, and a path
/// depends on the last digit.
private struct PathLevels {
  let start: Float
  let middle: Float
  let end: Float

  init(from sigma: Float, to next: Float) {
    let (time, last) = (-log(sigma), -log(next))
    start = exp(-time)
    middle = exp(-(time + (last - time) / 2))
    end = exp(-last)
  }
}

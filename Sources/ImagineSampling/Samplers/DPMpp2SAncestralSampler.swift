import Foundation

/// DPM-Solver++(2S): Lu et al., "DPM-Solver++" (2022), algorithm 1, with ancestral steps; k-diffusion's
/// `sample_dpmpp_2s_ancestral`.
package struct DPMpp2SAncestralSampler: Sampler {
  package static let label = "DPM++ 2S a"
  package static let aliases = ["dpmpp_2s_ancestral", "dpmpp 2s"]
  package static let defaultSchedule: SigmaSchedule? = .karras
  package static let callsPerStep = 2
  package static let settings: Set<SamplerSetting> = [.eta, .noise]
  package static let relation = DiffusersRelation.solver

  private let eta: Double
  private let strength: Double

  package init(_ run: SamplerRun) {
    eta = run.settings.eta ?? 1
    strength = run.settings.noise ?? 1
  }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let levels = AncestralLevels(from: sigma, to: next, eta: eta)
    let denoised = try await denoise(x, sigma)
    if levels.down > 0 {
      let middle = Float((Double(sigma) * levels.down).squareRoot())
      let halfway = straightStep(x, towards: denoised, from: sigma, to: middle)
      x = straightStep(x, towards: try await denoise(halfway, middle), from: sigma, to: levels.down)
    } else {
      x = denoised
    }
    if next > 0 { x = weightedSum(1, x, Float(levels.up * strength), noise.draw(from: sigma, to: next)) }
    return denoised
  }
}

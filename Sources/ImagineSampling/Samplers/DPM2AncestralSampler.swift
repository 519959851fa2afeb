/// DPM-Solver-2 steps that go below the next noise level and come back up: k-diffusion's `sample_dpm_2_ancestral`.
package struct DPM2AncestralSampler: Sampler {
  package static let label = "DPM2 a"
  package static let aliases = [
    "dpm_2_ancestral", "dpm2 ancestral", "dpm_2_a", "kdpm_2_a", "KDPM2AncestralDiscreteScheduler",
  ]
  package static let defaultSchedule: SigmaSchedule? = .karras
  package static let callsPerStep = 2
  package static let settings: Set<SamplerSetting> = [.eta, .noise]

  private let eta: Double
  private let strength: Double

  package init(_ run: SamplerRun) {
    eta = run.settings.eta ?? 1
    strength = run.settings.noise ?? 1
  }

  package static func discardsPenultimate(_ habits: SamplingHabits) -> Bool { habits.likeness != .diffusers }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let levels = AncestralLevels(from: sigma, to: next, eta: eta)
    let denoised = try await DPM2Sampler.midpoint(&x, from: sigma, to: Float(levels.down), denoise)
    if next > 0, levels.down > 0 {
      x = weightedSum(1, x, Float(levels.up * strength), noise.draw(from: sigma, to: next))
    }
    return denoised
  }
}

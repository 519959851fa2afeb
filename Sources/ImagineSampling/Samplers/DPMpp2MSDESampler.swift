import Foundation

/// DPM-Solver++(2M) for the stochastic differential equation: k-diffusion's `sample_dpmpp_2m_sde`, midpoint form.
///
/// diffusers' `sde-dpmsolver++` is the same with eta 1, but for its noise, which it draws independently.
package struct DPMpp2MSDESampler: Sampler {
  package static let label = "DPM++ 2M SDE"
  package static let aliases = ["dpmpp_2m_sde_gpu"]
  package static let defaultSchedule: SigmaSchedule? = .exponential
  package static let settings: Set<SamplerSetting> = [.eta, .noise]
  package static let relation = DiffusersRelation.solver
  package static let isBrownian = true

  private var solver: StochasticMultistep

  package init(_ run: SamplerRun) { solver = StochasticMultistep(run, .midpoint) }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    try await solver.step(&x, from: sigma, to: next, denoise, &noise)
  }
}

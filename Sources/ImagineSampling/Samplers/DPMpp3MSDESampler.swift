/// The third-order multistep solver for the stochastic differential equation: k-diffusion's `sample_dpmpp_3m_sde`.
package struct DPMpp3MSDESampler: Sampler {
  package static let label = "DPM++ 3M SDE"
  package static let aliases = ["dpmpp_3m_sde_gpu"]
  package static let defaultSchedule: SigmaSchedule? = .exponential
  package static let settings: Set<SamplerSetting> = [.eta, .noise]
  package static let relation = DiffusersRelation.solver
  package static let isBrownian = true

  private var solver: StochasticMultistep

  package init(_ run: SamplerRun) { solver = StochasticMultistep(run, .third) }

  package static func discardsPenultimate(_ habits: SamplingHabits) -> Bool {
    habits.likeness == nil || habits.likeness == .a1111
  }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    try await solver.step(&x, from: sigma, to: next, denoise, &noise)
  }
}

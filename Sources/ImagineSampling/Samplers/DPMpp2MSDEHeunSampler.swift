/// The same as ``DPMpp2MSDESampler`` in its other form: k-diffusion's `sample_dpmpp_2m_sde` with `solver_type` "heun".
package struct DPMpp2MSDEHeunSampler: Sampler {
  package static let label = "DPM++ 2M SDE Heun"
  package static let aliases = ["dpmpp_2m_sde_heun_gpu"]
  package static let defaultSchedule: SigmaSchedule? = .exponential
  package static let settings: Set<SamplerSetting> = [.eta, .noise]
  package static let relation = DiffusersRelation.solver
  package static let isBrownian = true

  private var solver: StochasticMultistep

  package init(_ run: SamplerRun) { solver = StochasticMultistep(run, .heun) }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    try await solver.step(&x, from: sigma, to: next, denoise, &noise)
  }
}

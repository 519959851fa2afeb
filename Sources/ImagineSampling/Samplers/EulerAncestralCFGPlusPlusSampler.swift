/// Ancestral steps of Euler's with the step of CFG++: ComfyUI's `euler_ancestral_cfg_pp`. Guidance scales are around 1.
package struct EulerAncestralCFGPlusPlusSampler: Sampler {
  package static let label = "Euler a CFG++"
  package static let aliases = ["euler_ancestral_cfg_pp", "euler_a_cfg_pp"]
  package static let defaultSchedule: SigmaSchedule? = .normal
  package static let settings: Set<SamplerSetting> = [.eta, .noise]
  package static let usesUnconditional = true

  private let move: CFGPlusPlusStep

  package init(_ run: SamplerRun) { move = CFGPlusPlusStep(run, eta: 1) }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    try await move(&x, from: sigma, to: next, denoise, &noise)
  }
}

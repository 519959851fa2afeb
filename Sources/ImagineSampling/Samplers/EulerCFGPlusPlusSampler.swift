/// Euler's method with the step of CFG++: ComfyUI's `euler_cfg_pp`. Guidance scales are around 1.
package struct EulerCFGPlusPlusSampler: Sampler {
  package static let label = "Euler CFG++"
  package static let aliases = ["euler_cfg_pp"]
  package static let defaultSchedule: SigmaSchedule? = .normal
  package static let usesUnconditional = true

  private let move: CFGPlusPlusStep

  package init(_ run: SamplerRun) {
    move = CFGPlusPlusStep(SamplerRun(settings: SamplerSettings(), habits: run.habits, plan: run.plan), eta: 0)
  }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    try await move(&x, from: sigma, to: next, denoise, &noise)
  }
}

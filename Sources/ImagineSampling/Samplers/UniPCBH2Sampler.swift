/// UniPC of order 3 with `exp(h) - 1`, to a level of 0.001 in place of 0: ComfyUI's `uni_pc_bh2`.
package struct UniPCBH2Sampler: Sampler {
  /// The level that stands for none.
  static let end: Float = 0.001

  package static let label = "UniPC BH2"
  package static let aliases = ["uni_pc_bh2"]
  package static let defaultSchedule: SigmaSchedule? = .normal
  package static let relation = DiffusersRelation.solver

  private var solver: UniPCSolver

  package init(_ run: SamplerRun) {
    let count = run.plan.stepCount
    solver = UniPCSolver(.bh2, order: min(3, count - 1), stepCount: count)
  }

  package static func adapted(_ plan: SamplingPlan, habits: SamplingHabits) -> SamplingPlan { plan.ending(at: end) }

  package static func discardsPenultimate(_ habits: SamplingHabits) -> Bool { true }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    try await solver.step(&x, from: sigma, to: next, denoise)
  }
}

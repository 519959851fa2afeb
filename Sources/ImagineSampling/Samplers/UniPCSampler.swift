/// UniPC: as ComfyUI's `uni_pc` unless told otherwise, of order 3 with `h`, to a level of 0.001 in place of 0 and without the
/// level before it, which few steps need to be steady; its `uni_pc_bh2` is ``UniPCBH2Sampler``.
///
/// A1111's is of the same order, on times of its own; diffusers' `UniPCMultistepScheduler` is of order 2 with `exp(h) - 1`.
package struct UniPCSampler: Sampler {
  package static let label = "UniPC"
  package static let aliases = ["uni_pc", "UniPCMultistepScheduler"]
  package static let defaultSchedule: SigmaSchedule? = .normal
  package static let relation = DiffusersRelation.solver
  package static let isOnTimesteps = true

  private var solver: UniPCSolver

  package init(_ run: SamplerRun) {
    let count = run.plan.stepCount
    solver =
      switch run.habits.likeness {
      case .a1111: UniPCSolver(.bh1, order: min(3, count), stepCount: count)
      case nil, .comfyUI, .stableDiffusionCpp: UniPCSolver(.bh1, order: max(min(3, count - 1), 1), stepCount: count)
      case .diffusers: UniPCSolver(.bh2, order: 2, stepCount: count)
      }
  }

  package static func ownPlan(
    steps: Int, sampling: ModelSampling, habits: SamplingHabits
  ) throws(SamplingError) -> SamplingPlan? {
    guard habits.likeness == .a1111 else { return nil }
    return TimestepPlans(steps: steps, sampling: sampling, sampler: "unipc").continuous()
  }

  package static func adapted(_ plan: SamplingPlan, habits: SamplingHabits) -> SamplingPlan {
    endsAboveZero(habits) ? plan.ending(at: UniPCBH2Sampler.end) : plan
  }

  package static func discardsPenultimate(_ habits: SamplingHabits) -> Bool { endsAboveZero(habits) }

  private static func endsAboveZero(_ habits: SamplingHabits) -> Bool {
    habits.likeness != .a1111 && habits.likeness != .diffusers
  }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    try await solver.step(&x, from: sigma, to: next, denoise)
  }
}

/// UniPC: as diffusers' `UniPCMultistepScheduler` has it unless told otherwise, of order 2 with `exp(h) - 1`.
///
/// A1111's is of order 3 with `h`, on times of its own. ComfyUI's `uni_pc` has the same order, and goes to a level of 0.001 in
/// place of 0; its `uni_pc_bh2` is ``UniPCBH2Sampler``.
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
      case .comfyUI: UniPCSolver(.bh1, order: min(3, count - 1), stepCount: count)
      case nil, .diffusers, .stableDiffusionCpp: UniPCSolver(.bh2, order: 2, stepCount: count)
      }
  }

  package static func ownPlan(
    steps: Int, sampling: ModelSampling, habits: SamplingHabits
  ) throws(SamplingError) -> SamplingPlan? {
    guard habits.likeness == .a1111 else { return nil }
    return TimestepPlans(steps: steps, sampling: sampling, sampler: "unipc").continuous()
  }

  package static func adapted(_ plan: SamplingPlan, habits: SamplingHabits) -> SamplingPlan {
    habits.likeness == .comfyUI ? plan.ending(at: UniPCBH2Sampler.end) : plan
  }

  package static func discardsPenultimate(_ habits: SamplingHabits) -> Bool { habits.likeness == .comfyUI }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    try await solver.step(&x, from: sigma, to: next, denoise)
  }
}

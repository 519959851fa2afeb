/// A finished step of a sampling run.
package struct SamplingStep: Sendable {
  /// Steps finished, from 1.
  package let index: Int
  /// Steps in the run.
  package let count: Int
  /// The noise level the step came from.
  package let sigma: Float
  /// The noise level the step went to.
  package let next: Float
  /// The latents at `next`, in k-diffusion's scale: [n].
  package let latents: [Float]
  /// The noise-free estimate the step went by, fit for a preview: [n].
  package let denoised: [Float]
}

/// The loop that drives every sampler.
package struct SamplingLoop: Sendable {
  private let sampler: any Sampler
  private let plan: SamplingPlan

  /// - Parameters:
  ///   - sampler: a sampler at the start of a run.
  package init(_ sampler: any Sampler, plan: SamplingPlan) {
    self.sampler = sampler
    self.plan = plan
  }

  /// Takes latents through all noise levels of the plan and returns them in the scale a decoder takes: [n].
  ///
  /// - Parameters:
  ///   - latents: noisy latents at the plan's first level, such as ``SamplingPlan/initialLatents(noise:)``: [n].
  ///   - noise: where stochastic samplers draw from.
  ///   - onStep: called after each step; the run waits for it.
  /// - Throws: `CancellationError` before the next step once the task is cancelled, ``SamplingError/notFinite(step:count:)``,
  ///   ``SamplingError/valueCount(_:expected:)``, and whatever `denoise` and `onStep` throw.
  package func run(
    from latents: [Float], noise: inout some NoiseSource, denoise: Denoiser,
    onStep: @Sendable (SamplingStep) async throws -> Void = { _ in }
  ) async throws -> [Float] {
    var sampler = sampler
    var x = latents
    for (index, (sigma, next)) in zip(plan.sigmas, plan.sigmas.dropFirst()).enumerated() {
      try Task.checkCancellation()
      let denoised = try await sampler.step(&x, from: sigma, to: next, denoise: denoise, noise: &noise)
      guard x.count == latents.count else { throw SamplingError.valueCount(x.count, expected: latents.count) }
      guard x.allSatisfy(\.isFinite) else {
        throw SamplingError.notFinite(step: index + 1, count: plan.stepCount)
      }
      try await onStep(
        SamplingStep(index: index + 1, count: plan.stepCount, sigma: sigma, next: next, latents: x, denoised: denoised))
    }
    return scaled(x, by: plan.finalScale)
  }
}

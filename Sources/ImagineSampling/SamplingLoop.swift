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
  private let method: SamplingMethod
  private let plan: SamplingPlan
  private let mask: LatentMask?

  /// - Parameter mask: what alone is changed; nil is everything.
  package init(_ method: SamplingMethod, plan: SamplingPlan, mask: LatentMask? = nil) {
    self.method = method
    self.plan = plan
    self.mask = mask
  }

  /// Takes latents through all noise levels of the plan and returns them in the scale a decoder takes: [n].
  ///
  /// - Parameters:
  ///   - latents: noisy latents at the plan's first level, such as ``SamplingPlan/initialLatents(image:noise:)``: [n].
  ///   - noise: where stochastic samplers draw from.
  ///   - onStep: called after each step; the run waits for it.
  /// - Throws: `CancellationError` before the next step once the task is cancelled, ``SamplingError/notFinite(step:count:)``,
  ///   ``SamplingError/valueCount(_:expected:)``, and whatever `denoise` and `onStep` throw.
  package func run(
    from latents: [Float], noise: inout some NoiseSource, denoise: Denoiser,
    onStep: @Sendable (SamplingStep) async throws -> Void = { _ in }
  ) async throws -> [Float] {
    var sampler = method.makeSampler(plan)
    var x = latents
    if let mask, mask.original.count != x.count {
      throw SamplingError.maskSize(mask.original.count, latents: x.count)
    }
    let denoise =
      mask?.applied(to: denoise, isBefore: method.isOnTimesteps, sampling: plan.sampling) ?? denoise
    var denoised = x
    for (index, step) in plan.steps.enumerated() {
      try Task.checkCancellation()
      // Schedules may repeat a level: a step of no width changes nothing, and says nothing about slopes.
      if step.sigma != step.next {
        denoised = try await sampler.step(&x, from: step.sigma, to: step.next, denoise: denoise, noise: &noise)
      }
      guard x.count == latents.count else { throw SamplingError.valueCount(x.count, expected: latents.count) }
      if let mask {
        let isLast = index == plan.stepCount - 1
        x = isLast ? mask.afterLastStep(x, scale: plan.finalScale) : mask.afterStep(x, at: step.next)
      }
      guard x.allSatisfy(\.isFinite) else {
        throw SamplingError.notFinite(step: index + 1, count: plan.stepCount)
      }
      try await onStep(
        SamplingStep(
          index: index + 1, count: plan.stepCount, sigma: step.sigma, next: step.next, latents: x, denoised: denoised))
    }
    let final = scaled(x, by: plan.finalScale)
    return mask?.finished(final) ?? final
  }
}

/// Pseudo linear multistep: Liu et al., "Pseudo numerical methods for diffusion models on manifolds" (2022), without Runge and
/// Kutta's first steps; diffusers' `PNDMScheduler` with `skip_prk_steps`, A1111's PLMS.
///
/// The transfer between timesteps is DDIM's. The first step calls the model twice, for a slope that is the mean of both ends';
/// then come the methods of Adams and Bashforth as if timesteps were evenly spread.
package struct PLMSSampler: Sampler {
  package static let label = "PLMS"
  package static let aliases = ["pndm", "PNDMScheduler"]
  package static let defaultSchedule: SigmaSchedule? = nil
  package static let relation = DiffusersRelation.preserving
  package static let isOnTimesteps = true

  private let stepCount: Int
  private let sampling: ModelSampling
  private var history: [[Float]] = []
  private var level: Float?

  package init(_ run: SamplerRun) {
    stepCount = run.plan.wholeSteps
    sampling = run.plan.sampling
  }

  package static func ownPlan(
    steps: Int, sampling: ModelSampling, habits: SamplingHabits
  ) throws(SamplingError) -> SamplingPlan? {
    try TimestepPlans(steps: steps, sampling: sampling, sampler: "plms").leading(habits)
  }

  /// diffusers' run on a picture: it counts in a list that names the second timestep twice, and so begins one earlier and leaves
  /// out the step after the first.
  static func picturePlan(_ whole: SamplingPlan, from first: Int) -> SamplingPlan {
    guard first > 0 else { return whole }
    var steps = Array(whole.steps.dropFirst(first - 1))
    if steps.count > 1 { steps.remove(at: 1) }
    return whole.keeping(steps)
  }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    // In a plan that leaves a step out, latents in the variance-preserving scale are taken for those of the next level.
    if let level, level != sigma { x = scaled(x, by: sampling.inputScale(at: level) / sampling.inputScale(at: sigma)) }
    level = next
    let denoised = try await denoise(x, sigma)
    let slope = noiseDirection(x, denoised, sigma)
    let width = Double(next - sigma)
    if history.isEmpty, next > 0, stepCount > 1 {
      let predicted = straightStep(x, towards: denoised, from: sigma, to: next)
      let second = noiseDirection(predicted, try await denoise(predicted, next), next)
      x = weightedSum(1, x, [(width / 2, slope), (width / 2, second)])
    } else {
      let slopes = [slope] + history
      let weights = EvenAdamsBashforth.weights[slopes.count - 1]
      x = weightedSum(1, x, zip(weights, slopes).map { ($0 * width, $1) })
    }
    history = [slope] + history.prefix(2)
    return denoised
  }
}

/// The weights of Adams and Bashforth's methods for evenly spread times, by order, the last value first.
enum EvenAdamsBashforth {
  static let weights: [[Double]] = [
    [1], [1.5, -0.5], [23.0 / 12, -16.0 / 12, 5.0 / 12], [55.0 / 24, -59.0 / 24, 37.0 / 24, -9.0 / 24],
  ]
}

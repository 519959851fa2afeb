import Foundation

/// Plans of samplers that were defined on training timesteps rather than on noise levels: DDIM, PLMS, LCM and their kin.
struct TimestepPlans {
  let steps: Int
  let sampling: ModelSampling
  /// Who asks, for messages.
  let sampler: String

  private func require(upTo count: Int) throws(SamplingError) {
    guard 1...count ~= steps else {
      throw .stepCount(steps, allowed: 1...count, schedule: "\(sampler) sampler's own")
    }
  }

  /// diffusers' `DDIMScheduler` and `PNDMScheduler` as Stable Diffusion 1.5 configures them: "leading" timesteps with
  /// `steps_offset` 1, `set_alpha_to_one` false, `clip_sample` false; or A1111's.
  ///
  /// Timesteps are 1, 1 + r, 1 + 2r ... for r = training timesteps / steps; the run ends at the noise of timestep 0, not at
  /// none, and starts from unit noise in diffusers' scale. At the full number of steps the first timestep would lie one past the
  /// end of the schedule and is taken as the last, where diffusers fails. A1111 has the same timesteps and ends at the lowest
  /// of them, after one step fewer; where `r` does not divide the training timesteps it has more of them.
  ///
  /// - Parameter end: the level of the end, for diffusers' with another than the lowest.
  /// - Throws: ``SamplingError/stepCount(_:allowed:schedule:)`` for more steps than training timesteps, as diffusers does.
  func leading(_ habits: SamplingHabits, end: Float? = nil) throws(SamplingError) -> SamplingPlan? {
    let count = sampling.trainTimesteps
    switch habits.likeness {
    case .comfyUI: return nil
    case .a1111 where end == nil:
      try require(upTo: count)
      let timesteps = stride(from: 0, to: count, by: count / steps).map { min($0 + 1, count - 1) }
      return plan(timesteps.reversed().map { sampling.sigma(at: Double($0)) })
    case nil, .a1111, .diffusers, .stableDiffusionCpp:
      try require(upTo: count)
      let ratio = count / steps
      let timesteps = (0..<steps).reversed().map { min($0 * ratio + 1, count - 1) }
      return plan(timesteps.map { sampling.sigma(at: Double($0)) } + [end ?? sampling.sigmaMin])
    }
  }

  /// A1111's UniPC: times from 1 to 1/1000, evenly, which stand for timesteps from the last down to 0; levels straight in
  /// the logarithm of the signal between them.
  ///
  /// - Parameters:
  ///   - sigma: the level of the first timestep; nil is the highest that was trained.
  ///   - count: steps, where they are not all.
  func continuous(from sigma: Float? = nil, steps count: Int? = nil) -> SamplingPlan {
    let first = Double(sampling.trainTimestep(of: sigma ?? sampling.sigmaMax))
    return plan(
      linspace(first, 0, count: max(count ?? steps, 0) + 1).map { place in
        let low = place.rounded(.down), fraction = place - low
        let logarithms = [low, low + 1].map { -log1p(pow(Double(sampling.sigma(at: $0)), 2)) }
        let signal = (1 - fraction) * logarithms[0] + fraction * logarithms[1]
        return Float(expm1(-signal).squareRoot())
      })
  }

  /// A plan in the variance-preserving scale; A1111's DDIM of one step has none.
  private func plan(_ sigmas: [Float]) -> SamplingPlan {
    SamplingPlan(
      steps: SamplingPlan.steps(over: sigmas), end: sigmas.last ?? 0,
      start: .unitVariance, sampling: sampling)
  }

  /// The number of timesteps that latent consistency models were distilled on.
  private static let originalSteps = 50

  /// diffusers' `LCMScheduler` and `TCDScheduler` with their default settings: steps are spread over the 50 timesteps of
  /// distillation, which are 999, 979, ... 19; four steps are 999, 759, 499, 259.
  ///
  /// - Throws: ``SamplingError/stepCount(_:allowed:schedule:)`` for more than 50 steps, as diffusers does.
  func distilled(_ habits: SamplingHabits, end: Float) throws(SamplingError) -> SamplingPlan? {
    if habits.likeness == .comfyUI { return nil }
    let original = min(Self.originalSteps, sampling.trainTimesteps)
    try require(upTo: original)
    let stride = sampling.trainTimesteps / original
    if habits.likeness == .a1111 { return distilledAsA1111(original, stride) }
    let timesteps = (0..<steps).map { (original - $0 * original / steps) * stride - 1 }
    return plan(timesteps.map { sampling.sigma(at: Double($0)) } + [end])
  }

  /// A1111's: even between the highest and the lowest of the 50, straight in the logarithm of sigma between them, in
  /// k-diffusion's scale; the network is told the nearest of the 50.
  private func distilledAsA1111(_ original: Int, _ stride: Int) -> SamplingPlan {
    let logarithms = (0..<original).map { log(Double(sampling.sigma(at: Double(($0 + 1) * stride - 1)))) }
    let sigmas = linspace(Double(original - 1), 0, count: steps).map { place in
      let low = min(Int(place), max(original - 2, 0)), fraction = place - Double(low)
      let next = logarithms[min(low + 1, original - 1)]
      return Float(exp((1 - fraction) * logarithms[low] + fraction * next))
    }
    var told = sampling
    told.timestepStride = stride
    return SamplingPlan(
      steps: SamplingPlan.steps(over: sigmas + [0]), end: 0, start: .noiseLevel, sampling: told)
  }
}

/// The noise levels a run passes through, and how its latents enter and leave.
///
/// Latents are in k-diffusion's scale, `x0 + sigma * noise`, all the way through. diffusers' DDIM family keeps them in the
/// variance-preserving scale instead, which is the same latents divided by `sqrt(sigma^2 + 1)`: a plan accounts for the
/// difference at both ends, so that one loop serves both.
package struct SamplingPlan: Sendable, Hashable {
  /// How unit noise becomes the first latents.
  package enum Start: Sendable, Hashable {
    /// Noise of the first level's strength, `sigma * noise`: k-diffusion and A1111.
    case noiseLevel
    /// Noise of unit variance in the variance-preserving scale, `sqrt(sigma^2 + 1) * noise`: diffusers' DDIM.
    case unitVariance
  }

  /// Falling noise levels: [steps + 1].
  package let sigmas: [Float]
  package let start: Start

  /// A plan over given levels.
  ///
  /// - Throws: ``SamplingError/invalidSigmas(reason:)`` unless there are two or more finite levels, none above the one before, all
  ///   but the last above 0.
  package init(sigmas: [Float], start: Start = .noiseLevel) throws(SamplingError) {
    guard let last = sigmas.last, sigmas.count > 1 else {
      throw .invalidSigmas(reason: "it has \(sigmas.count) values and a run needs at least two")
    }
    guard last >= 0, sigmas.dropLast().allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw .invalidSigmas(reason: "it holds values that are not finite or not above zero")
    }
    guard zip(sigmas, sigmas.dropFirst()).allSatisfy({ $0 >= $1 }) else {
      throw .invalidSigmas(reason: "it rises")
    }
    self.sigmas = sigmas
    self.start = start
  }

  /// A plan over a schedule's levels, as k-diffusion would run it.
  ///
  /// - Throws: ``SamplingError/stepCount(_:allowed:schedule:)``.
  package init(schedule: SigmaSchedule, steps: Int, training: NoiseSchedule) throws(SamplingError) {
    try self.init(sigmas: schedule.sigmas(steps: steps, training: training))
  }

  /// The steps of the run, which a schedule may make more or fewer than asked for.
  package var stepCount: Int { sigmas.count - 1 }

  /// The factor between unit noise and the first latents; exactly the first sigma for ``Start/noiseLevel``.
  package var initialScale: Float {
    let sigma = sigmas.first ?? 0
    return switch start {
    case .noiseLevel: sigma
    case .unitVariance: (sigma * sigma + 1).squareRoot()
    }
  }

  /// The factor between the last latents and those a decoder takes; 1 when the run ends without noise.
  package var finalScale: Float { PredictionType.inputScale(at: sigmas.last ?? 0) }

  /// The first latents from noise of unit variance.
  package func initialLatents(noise: [Float]) -> [Float] {
    scaled(noise, by: initialScale)
  }
}

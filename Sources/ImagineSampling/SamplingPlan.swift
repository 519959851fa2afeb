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
  /// How the model sees these levels.
  package let sampling: ModelSampling

  /// A plan over given levels.
  ///
  /// - Throws: ``SamplingError/invalidSigmas(reason:)`` unless there are two or more finite levels, none above the one before, all
  ///   but the last above 0.
  package init(
    sigmas: [Float], start: Start = .noiseLevel, sampling: ModelSampling = .stableDiffusion
  ) throws(SamplingError) {
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
    self.sampling = sampling
  }

  /// A plan over a schedule's levels, unless told otherwise as k-diffusion would run it.
  ///
  /// - Throws: ``SamplingError/stepCount(_:allowed:schedule:)``.
  package init(
    schedule: SigmaSchedule, steps: Int, start: Start = .noiseLevel, sampling: ModelSampling
  ) throws(SamplingError) {
    try self.init(sigmas: schedule.sigmas(steps: steps, sampling: sampling), start: start, sampling: sampling)
  }

  /// The steps of the run, which a schedule may make more or fewer than asked for.
  package var stepCount: Int { sigmas.count - 1 }

  /// The factor between unit noise and the first latents; exactly the first sigma for ``Start/noiseLevel``.
  package var initialScale: Float { sampling.initialScale(at: sigmas.first ?? 0, start) }

  /// The factor between the last latents and those a decoder takes; 1 when the run ends without noise.
  package var finalScale: Float { sampling.finalScale(at: sigmas.last ?? 0) }

  /// The first step that a second model does, where the two share a run as SDXL's base model and refiner do: an index of a
  /// step, or the number of steps if the first model does them all.
  ///
  /// As diffusers' `denoising_end` and `denoising_start`, by training timesteps and not by steps: the first model does what
  /// lies above timestep `(1 - share) * trainTimesteps`, that one included. The latents go over as they are, and so does what
  /// a sampler remembers.
  ///
  /// - Parameter share: what the first model does of all noise, 0 to 1.
  package func handover(at share: Double) -> Int {
    let count = Double(sampling.trainTimesteps)
    let cutoff = (count - share * count).rounded(.toNearestOrEven)
    return sigmas.dropLast().prefix { Double(sampling.trainTimestep(of: $0)) >= cutoff }.count
  }

  /// The first latents from noise of unit variance.
  package func initialLatents(noise: [Float]) -> [Float] {
    scaled(noise, by: initialScale)
  }
}

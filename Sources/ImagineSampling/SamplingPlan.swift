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
    /// Noise as strong as picture and noise together, `sqrt(sigma^2 + 1) * noise`, in k-diffusion's scale: ComfyUI, and
    /// diffusers' Euler.
    case fullVariance
  }

  /// A step from one level to the next.
  package struct Step: Sendable, Hashable {
    package var sigma: Float
    package var next: Float
  }

  /// Falling noise levels: [steps + 1]. Where a run goes back up, as "Restart" does, the levels of its steps in their order.
  package let sigmas: [Float]
  package let steps: [Step]
  package let start: Start
  /// How the model sees these levels.
  package let sampling: ModelSampling
  /// Whether noise over a picture is as strong as noise alone: ComfyUI at the highest level.
  var keepsStartOverPictures = false
  /// The level of the noise that is put over a picture, where it is not the first: A1111's DDIM, PLMS and UniPC.
  var pictureSigma: Float?
  /// The lowest level above 0 and the highest, between which Brownian paths run.
  var pathEnds: (low: Float, high: Float) { (pathLow, pathHigh) }
  /// Steps of the schedule that this plan was made of, where a sampler makes its own of them.
  private(set) var scheduledSteps: Int
  /// Steps before a picture cut them short.
  private(set) var wholeSteps: Int
  private var pathLow: Float
  private var pathHigh: Float

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
    self.init(
      steps: Self.steps(over: sigmas), end: last, start: start, sampling: sampling)
  }

  /// A plan of steps that may go back up, or of none, which leaves latents as they are at level `end`.
  init(steps: [Step], end: Float, start: Start, sampling: ModelSampling) {
    self.steps = steps
    scheduledSteps = steps.count
    wholeSteps = steps.count
    sigmas = steps.map(\.sigma) + [end]
    self.start = start
    self.sampling = sampling
    let levels = sigmas.filter { $0 > 0 }
    (pathLow, pathHigh) = (levels.min() ?? 0, levels.max() ?? 0)
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
  package var stepCount: Int { steps.count }

  /// The factor between unit noise and the first latents; exactly the first sigma for ``Start/noiseLevel``.
  package var initialScale: Float { sampling.initialScale(at: sigmas.first ?? 0, start) }

  /// The factor between the last latents and those a decoder takes; 1 when the run ends without noise, and in k-diffusion's
  /// scale.
  package var finalScale: Float { start == .unitVariance ? sampling.finalScale(at: sigmas.last ?? 0) : 1 }

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
    return steps.prefix { Double(sampling.trainTimestep(of: $0.sigma)) >= cutoff }.count
  }

  /// The first latents: noise of unit variance alone, or over the latents of a picture: [n].
  package func initialLatents(image: [Float]? = nil, noise: [Float]) -> [Float] {
    guard let image else { return scaled(noise, by: initialScale) }
    guard let first = steps.first else { return pictureAlone(image, noise) }
    let level = pictureSigma ?? first.sigma
    let noisy = weightedSum(1, image, keepsStartOverPictures ? initialScale : level, noise)
    // A picture made noisy in the variance-preserving scale for one level is taken for one of another.
    guard level != first.sigma else { return noisy }
    return scaled(noisy, by: sampling.inputScale(at: level) / sampling.inputScale(at: first.sigma))
  }

  /// What is left of a picture that no step changes.
  private func pictureAlone(_ image: [Float], _ noise: [Float]) -> [Float] {
    guard let pictureSigma, let end = sigmas.last else { return image }
    return scaled(
      weightedSum(1, image, pictureSigma, noise),
      by: sampling.inputScale(at: pictureSigma) / sampling.inputScale(at: end))
  }

  /// The last steps of this plan, without the first so many.
  func dropping(_ count: Int) -> SamplingPlan {
    keeping(Array(steps.dropFirst(max(count, 0))))
  }

  /// Some of this plan's steps, with another start where one is given.
  func keeping(_ steps: [Step], start: Start? = nil) -> SamplingPlan {
    var plan = SamplingPlan(
      steps: steps, end: steps.last?.next ?? sigmas.last ?? 0, start: start ?? self.start, sampling: sampling)
    plan.keepsStartOverPictures = keepsStartOverPictures
    plan.wholeSteps = wholeSteps
    return plan
  }

  /// The steps from each level to the next.
  static func steps(over sigmas: [Float]) -> [Step] {
    zip(sigmas, sigmas.dropFirst()).map { Step(sigma: $0, next: $1) }
  }

  /// The same run by other steps.
  func replacing(_ steps: [Step], end: Float) -> SamplingPlan {
    var plan = SamplingPlan(steps: steps, end: end, start: start, sampling: sampling)
    plan.keepsStartOverPictures = keepsStartOverPictures
    plan.pictureSigma = pictureSigma
    plan.scheduledSteps = stepCount
    plan.wholeSteps = wholeSteps
    return plan.spanning(self)
  }

  /// The same run with a level in place of a last one of 0.
  func ending(at end: Float) -> SamplingPlan {
    guard let last = steps.last, last.next == 0, end < last.sigma else { return self }
    return replacing(steps.dropLast() + [Step(sigma: last.sigma, next: end)], end: end)
  }

  /// The ends of a run from the first level to the lowest above 0, or to the model's lowest where there is but one; nil where
  /// it does not fall.
  var positiveEnds: (low: Float, high: Float)? {
    guard let low = sigmas.last(where: { $0 > 0 }), let high = steps.first?.sigma else { return nil }
    let lowest = low < high ? low : sampling.sigmaMin
    return lowest < high ? (lowest, high) : nil
  }

  /// The same with Brownian paths that span another plan's levels.
  func spanning(_ other: SamplingPlan) -> SamplingPlan {
    var plan = self
    (plan.pathLow, plan.pathHigh) = (other.pathLow, other.pathHigh)
    return plan
  }
}

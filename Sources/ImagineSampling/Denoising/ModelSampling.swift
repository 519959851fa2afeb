/// How a model sees noise: everything that stands between a sampler's noise levels and what its network takes and gives.
///
/// Samplers know latents at a noise level sigma and nothing else. Which timestep a network is told, how its input is scaled,
/// how strong the first noise is, what its output means and how latents leave for the decoder differ from one kind of training
/// to the next, and are all decided here: for a beta schedule, which keeps latents `x0 + sigma * noise` and shows them to the
/// network at unit variance. Flow matching, with `(1 - sigma) * x0 + sigma * noise` and no scaling, is another value with the
/// same members.
package struct ModelSampling: Sendable, Hashable {
  private let training: NoiseSchedule
  private let prediction: PredictionType

  /// Training by a beta schedule.
  package init(_ training: NoiseSchedule, prediction: PredictionType) {
    self.training = training
    self.prediction = prediction
  }

  /// Stable Diffusion 1 and XL.
  package static let stableDiffusion = ModelSampling(.stableDiffusion, prediction: .epsilon)

  /// Training timesteps.
  package var trainTimesteps: Int { training.count }

  /// The lowest noise level that was trained.
  package var sigmaMin: Float { training.sigmaMin }

  /// The highest noise level that was trained.
  package var sigmaMax: Float { training.sigmaMax }

  /// The noise level of a timestep, which may lie between the trained ones; those outside count as the ends.
  package func sigma(at timestep: Double) -> Float { training.sigma(at: timestep) }

  /// The timestep that tells the network about a noise level.
  package func timestep(at sigma: Float) -> Float { training.timestep(at: sigma) }

  /// What latents are multiplied by before the network sees them, to have unit variance: `1 / sqrt(sigma^2 + 1)`.
  package func inputScale(at sigma: Float) -> Float {
    1 / (sigma * sigma + 1).squareRoot()
  }

  /// The factor between unit noise and the first latents of a run that begins at `sigma`.
  package func initialScale(at sigma: Float, _ start: SamplingPlan.Start) -> Float {
    switch start {
    case .noiseLevel: sigma
    case .unitVariance: (sigma * sigma + 1).squareRoot()
    }
  }

  /// The factor between the latents of a run that ends at `sigma` and those a decoder takes; 1 without noise.
  package func finalScale(at sigma: Float) -> Float { inputScale(at: sigma) }

  /// The denoised latents that a model output at `sigma` stands for.
  package func denoised(_ x: [Float], output: [Float], sigma: Float) -> [Float] {
    let (skip, out) = prediction.coefficients(sigma: sigma, inputScale: inputScale(at: sigma))
    return weightedSum(skip, x, out, output)
  }

  /// The model output that denoised latents at `sigma` would have come from: the inverse of ``denoised(_:output:sigma:)``.
  ///
  /// Sigma must be positive: without noise no output can be told from another.
  package func output(_ x: [Float], denoised: [Float], sigma: Float) -> [Float] {
    let (skip, out) = prediction.coefficients(sigma: sigma, inputScale: inputScale(at: sigma))
    return weightedSum(-skip / out, x, 1 / out, denoised)
  }
}

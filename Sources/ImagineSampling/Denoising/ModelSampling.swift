import Foundation

/// How a model sees noise: everything that stands between a sampler's noise levels and what its network takes and gives.
///
/// Samplers know latents at a noise level sigma and nothing else. Which timestep a network is told, how its input is scaled,
/// how strong the first noise is, what its output means and how latents leave for the decoder differ from one kind of training
/// to the next, and are all decided here: for beta schedules and for EDM, which keep latents `x0 + sigma * noise` and show
/// them to the network at unit variance. Flow matching, with `(1 - sigma) * x0 + sigma * noise` and no scaling, is another value with the
/// same members.
package struct ModelSampling: Sendable, Hashable {
  private enum Noise: Sendable, Hashable {
    case beta(NoiseSchedule)
    case edm(EDMNoise)
  }

  private let noise: Noise
  private let prediction: PredictionType
  /// Whether the network is told whole timesteps alone, the nearest in the logarithm of the level: ComfyUI, and diffusers'
  /// multistep solvers.
  package var roundsTimesteps = false
  /// Where above 1, the network is told one of the timesteps that lie so far apart, down from the last: A1111's LCM.
  var timestepStride = 1
  /// The levels that "align your steps" found best for the model.
  package var alignedLevels = AlignedLevels.stableDiffusion1

  /// Training by a beta schedule.
  package init(_ training: NoiseSchedule, prediction: PredictionType) {
    noise = .beta(training)
    self.prediction = prediction
  }

  /// Training by noise of every level.
  package init(_ noise: EDMNoise, prediction: PredictionType) {
    self.noise = .edm(noise)
    self.prediction = prediction
  }

  /// Stable Diffusion 1 and XL.
  package static let stableDiffusion = ModelSampling(.stableDiffusion, prediction: .epsilon)

  /// Training timesteps; for noise of every level as many as schedules count in.
  package var trainTimesteps: Int {
    switch noise {
    case .beta(let training): training.count
    case .edm: EDMNoise.count
    }
  }

  /// The lowest noise level that was trained.
  package var sigmaMin: Float {
    switch noise {
    case .beta(let training): training.sigmaMin
    case .edm(let noise): noise.sigmaMin
    }
  }

  /// The highest noise level that was trained.
  package var sigmaMax: Float {
    switch noise {
    case .beta(let training): training.sigmaMax
    case .edm(let noise): noise.sigmaMax
    }
  }

  /// The noise level of a training timestep, which may lie between two; those outside count as the ends.
  package func sigma(at timestep: Double) -> Float {
    switch noise {
    case .beta(let training): training.sigma(at: timestep)
    case .edm(let noise): noise.sigma(at: timestep)
    }
  }

  /// The training timestep of a noise level: the inverse of ``sigma(at:)``.
  package func trainTimestep(of sigma: Float) -> Float {
    switch noise {
    case .beta(let training): training.timestep(at: sigma)
    case .edm(let noise): noise.place(of: sigma)
    }
  }

  /// What tells the network about a noise level: the training timestep, or a quarter of the level's logarithm.
  package func timestep(at sigma: Float) -> Float {
    switch noise {
    case .beta(let training):
      if timestepStride > 1 {
        training.nearestTimestep(to: sigma, stride: timestepStride)
      } else {
        roundsTimesteps ? training.timestep(at: sigma).rounded(.toNearestOrEven) : training.timestep(at: sigma)
      }
    case .edm: 0.25 * log(sigma)
    }
  }

  /// What latents are multiplied by before the network sees them, to have unit variance: `1 / sqrt(sigma^2 + data^2)`.
  package func inputScale(at sigma: Float) -> Float {
    switch noise {
    case .beta: 1 / (sigma * sigma + 1).squareRoot()
    case .edm(let noise): 1 / (sigma * sigma + noise.sigmaData * noise.sigmaData).squareRoot()
    }
  }

  /// The factor between unit noise and the first latents of a run that begins at `sigma`.
  package func initialScale(at sigma: Float, _ start: SamplingPlan.Start) -> Float {
    switch (start, noise) {
    case (.noiseLevel, _), (_, .edm): sigma
    case (.unitVariance, .beta), (.fullVariance, .beta): (sigma * sigma + 1).squareRoot()
    }
  }

  /// The factor between the latents of a run that ends at `sigma` and those a decoder takes; 1 without noise.
  package func finalScale(at sigma: Float) -> Float {
    switch noise {
    case .beta: inputScale(at: sigma)
    case .edm: 1
    }
  }

  /// The denoised latents that a model output at `sigma` stands for.
  package func denoised(_ x: [Float], output: [Float], sigma: Float) -> [Float] {
    let (skip, out) = coefficients(sigma)
    return weightedSum(skip, x, out, output)
  }

  /// The model output that denoised latents at `sigma` would have come from: the inverse of ``denoised(_:output:sigma:)``.
  ///
  /// Sigma must be positive: without noise no output can be told from another.
  package func output(_ x: [Float], denoised: [Float], sigma: Float) -> [Float] {
    let (skip, out) = coefficients(sigma)
    return weightedSum(-skip / out, x, 1 / out, denoised)
  }

  private func coefficients(_ sigma: Float) -> (skip: Float, out: Float) {
    let scale = inputScale(at: sigma)
    switch noise {
    case .beta: return prediction.coefficients(sigma: sigma, inputScale: scale)
    case .edm(let noise): return prediction.coefficients(sigma: sigma, inputScale: scale, data: noise.sigmaData)
    }
  }
}

/// What a model's output means; raw values are those of diffusers' `prediction_type`.
///
/// Every kind is a linear map between output and denoised latents at a known sigma, `denoised = skip * x + out * output`,
/// with x the latents in k-diffusion's scale (`x0 + sigma * noise`). See Karras et al. (2022), table 1, and Salimans & Ho,
/// "Progressive distillation for fast sampling of diffusion models" (2022), appendix D, for the velocity.
package enum PredictionType: String, Sendable, CaseIterable {
  /// The noise: Stable Diffusion 1 and XL.
  case epsilon
  /// The velocity `sqrt(a) * noise - sqrt(1 - a) * x0`: Stable Diffusion 2 at 768 pixels.
  case vPrediction = "v_prediction"
  /// The denoised latents themselves.
  case sample

  /// The factors of the latents and of the model's output in the denoised latents.
  ///
  /// - Parameter inputScale: what the latents are multiplied by before the model sees them, `1 / sqrt(sigma^2 + 1)`.
  func coefficients(sigma: Float, inputScale scale: Float) -> (skip: Float, out: Float) {
    switch self {
    case .epsilon: (1, -sigma)
    case .vPrediction: (scale * scale, -sigma * scale)
    case .sample: (0, 1)
    }
  }

  /// The same after Karras et al. (2022), table 1: there the network gives a mixture of noise and picture, and what is called
  /// the velocity is its opposite.
  ///
  /// - Parameter data: the deviation of latents without noise.
  func coefficients(sigma: Float, inputScale scale: Float, data: Float) -> (skip: Float, out: Float) {
    let skip = data * data * scale * scale, out = sigma * data * scale
    return switch self {
    case .epsilon: (skip, out)
    case .vPrediction: (skip, -out)
    case .sample: (0, 1)
    }
  }
}

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

  /// What the latents are multiplied by before the model sees them, to have unit variance: `1 / sqrt(sigma^2 + 1)`.
  package static func inputScale(at sigma: Float) -> Float {
    1 / (sigma * sigma + 1).squareRoot()
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
    let scale = Self.inputScale(at: sigma)
    switch self {
    case .epsilon: return (1, -sigma)
    case .vPrediction: return (scale * scale, -sigma * scale)
    case .sample: return (0, 1)
    }
  }
}

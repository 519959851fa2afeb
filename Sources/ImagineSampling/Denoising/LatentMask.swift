/// A part of the latents that alone is changed, while the rest keeps to a given picture.
///
/// It works around any sampler: between it and the model, or between its steps.
package struct LatentMask: Sendable {
  /// How the rest is kept to the picture.
  package enum Rule: Sendable, Hashable {
    /// The estimate becomes the picture's there; at the end the latents do. For A1111's own DDIM, PLMS and UniPC, what the
    /// model sees becomes the picture's without noise instead.
    case a1111
    /// What the model sees becomes the picture's with the run's first noise, and its estimate the picture's.
    case comfyUI
    /// After each step the latents become the picture's with the run's first noise.
    case diffusers
  }

  /// 1 where latents change, 0 where they stay: [n].
  let values: [Float]
  /// The picture's latents: [n].
  let original: [Float]
  /// The noise of unit variance that the run began with: [n].
  let noise: [Float]
  let rule: Rule

  /// - Parameters:
  ///   - values: 1 where latents change, for every one [n] or for every position [h * w], the same in all channels.
  /// - Throws: ``SamplingError/maskSize(_:latents:)``.
  package init(values: [Float], original: [Float], noise: [Float], rule: Rule) throws(SamplingError) {
    guard !values.isEmpty, original.count.isMultiple(of: values.count), noise.count == original.count else {
      throw .maskSize(values.count, latents: original.count)
    }
    self.values = (0..<(original.count / values.count)).flatMap { _ in values }
    self.original = original
    self.noise = noise
    self.rule = rule
  }

  /// Changed latents where the mask says so, the others elsewhere.
  func blend(_ changed: [Float], _ kept: [Float]) -> [Float] {
    var result = changed
    for index in result.indices where index < kept.count {
      let share = values[index]
      result[index] = changed[index] * share + kept[index] * (1 - share)
    }
    return result
  }

  /// The picture's latents at a noise level.
  func noisyOriginal(at sigma: Float) -> [Float] {
    sigma == 0 ? original : weightedSum(1, original, sigma, noise)
  }

  /// A denoiser that keeps the rest to the picture.
  ///
  /// - Parameter isBefore: whether, in A1111's way, the mask is applied to what the model sees.
  func applied(to denoise: Denoiser, isBefore: Bool, sampling: ModelSampling) -> Denoiser {
    switch rule {
    case .diffusers: denoise
    case .comfyUI:
      Denoiser(estimating: { x, sigma in
        masked(try await denoise.estimate(blend(x, noisyOriginal(at: sigma)), sigma))
      })
    case .a1111 where isBefore:
      // A1111 blends in the variance-preserving scale, and steps from the latents as they were with the noise that the model
      // saw in those it was shown.
      Denoiser(estimating: { x, sigma in
        let shown = blend(x, scaled(original, by: 1 / sampling.inputScale(at: sigma)))
        let hidden = weightedSum(1, x, -1, shown)
        let seen = try await denoise.estimate(shown, sigma)
        return Denoiser.Estimate(
          guided: weightedSum(1, seen.guided, 1, hidden), unconditional: weightedSum(1, seen.unconditional, 1, hidden))
      })
    case .a1111:
      Denoiser(estimating: { x, sigma in masked(try await denoise.estimate(x, sigma)) })
    }
  }

  private func masked(_ estimate: Denoiser.Estimate) -> Denoiser.Estimate {
    Denoiser.Estimate(
      guided: blend(estimate.guided, original), unconditional: blend(estimate.unconditional, original))
  }

  /// Latents after a step to level `next`.
  func afterStep(_ x: [Float], at next: Float) -> [Float] {
    rule == .diffusers ? blend(x, noisyOriginal(at: next)) : x
  }

  /// Latents after the last step, where the picture's are without noise even if the run ends in a little of it.
  ///
  /// - Parameter scale: between these latents and those a decoder takes.
  func afterLastStep(_ x: [Float], scale: Float) -> [Float] {
    rule == .diffusers ? blend(x, scaled(original, by: 1 / scale)) : x
  }

  /// Latents in the decoder's scale after the last step.
  func finished(_ latents: [Float]) -> [Float] {
    rule == .a1111 ? blend(latents, original) : latents
  }
}

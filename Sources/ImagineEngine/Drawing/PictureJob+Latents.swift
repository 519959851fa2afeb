internal import ImagineImage
internal import ImagineModels
internal import ImagineSampling

/// What a pass begins from: noise, a given picture, a mask.
extension PictureJob {
  /// All random numbers of the picture.
  func noise() -> RunNoise {
    let noiseSize = request.noiseSize.map { ($0.height / latent.reduction, $0.width / latent.reduction) }
    return RunNoise(
      request.method, stream: request.stream, seed: seed, shape: Array(latentShape.dropFirst()), plan: plan,
      variation: request.variation.map { ($0.seed &+ UInt64(index), $0.strength) }, noiseSize: noiseSize)
  }

  /// The latents of the picture that is changed, at the size of this pass; nil for noise alone.
  ///
  /// - Parameter smaller: those of the pass before.
  func givenLatents(_ smaller: [Float]?, _ noise: inout RunNoise) throws -> [Float]? {
    if let smaller { return smaller }
    guard let picture = beginning.picture, !needsNoLatents else { return nil }
    let own = picture.picture.latents(
      noise: request.habits.drawsPosterior ? noise.posterior(picture.picture.means.count) : nil)
    guard (picture.width, picture.height) != (latentWidth, latentHeight) else { return own }
    return try LatentResampling(.bilinear).resampled(
      own, channels: latent.channels, from: (picture.width, picture.height), to: (latentWidth, latentHeight))
  }

  /// Whether all of a picture is changed by a model that is told of it, so that its latents are in nothing else.
  private var needsNoLatents: Bool {
    guard request.initial?.strength == 1, !beginning.kinds.isEmpty else { return false }
    return beginning.kinds == [.picture] || !request.habits.blendsInpaintingModels
  }

  /// Whether nothing of a given picture is in the first latents.
  var beginsWithNoiseAlone: Bool {
    needsNoLatents
      || request.initial?.strength == 1 && beginning.picture?.mask != nil && request.habits.masksNoiseAtFullStrength
  }

  /// What the denoiser is told beside the noisy latents.
  func planes(_ noise: inout RunNoise) -> Planes? {
    beginning.planes(width: latentWidth, height: latentHeight, channels: latent.channels) { count in
      request.habits.drawsPosterior ? noise.posterior(count) : nil
    }
  }

  /// A mask with what is under it at first.
  struct Masked {
    let mask: LatentMask
    /// The given latents with what stands under the mask.
    let latents: [Float]
  }

  /// What alone is changed; nil for all.
  ///
  /// - Parameters:
  ///   - noise: the first of the run.
  ///   - plain: what stands under a mask as "noise".
  func masked(_ given: [Float]?, noise: [Float], plain: @autoclosure () -> [Float]) throws -> Masked? {
    guard let picture = beginning.picture, let mask = picture.mask, let given else { return nil }
    if !beginning.kinds.isEmpty, !request.habits.blendsInpaintingModels { return nil }
    let positions = mask.count
    let under = picture.fill == .noise ? plain() : []
    let filled = given.indices.map { index in
      let share = mask[index % positions]
      switch picture.fill {
      case .picture: return given[index]
      case .noise: return given[index] * (1 - share) + under[index] * share
      case .nothing: return given[index] * (1 - share)
      }
    }
    return Masked(
      mask: try LatentMask(
        values: mask, original: filled, noise: noise, rule: request.method.habits.maskRule),
      latents: filled)
  }

  func record(_ name: String, _ latents: [Float]) {
    guard latents.count == latentCount else { return }
    recorder?.add(pass.enlargement == nil ? name : "hires.\(name)", latentShape, latents)
  }
}

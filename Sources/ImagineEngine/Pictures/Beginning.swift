internal import ImagineModels
internal import ImagineSampling

/// What a request's pictures begin from beside noise, made once for all of them.
struct Beginning: Sendable {
  /// The picture to be changed; nil for noise alone.
  let picture: EncodedPicture?
  /// What a model that is told of a masked picture sees where there is none: a grey one.
  private let grey: LatentDistribution?
  /// What the model is told beside latents.
  let kinds: [Conditioning.Plane]

  init(_ request: PictureRequest, _ encoding: Autoencoding) throws {
    kinds = encoding.model.conditioning.planes
    picture = try request.initial.map { try EncodedPicture($0, request, encoding) }
    let needsGrey = kinds.contains(.maskedPicture) && picture?.masked == nil
    grey =
      needsGrey
      ? try encoding.encode(
        [Float](repeating: 0, count: 3 * request.width * request.height), width: request.width,
        height: request.height) : nil
  }

  /// What the denoiser is told beside the latents in one pass of one picture; nil for denoisers that take latents alone.
  ///
  /// - Parameter noise: draws for autoencoders that give distributions, where they are wanted.
  func planes(width: Int, height: Int, channels: Int, noise: (Int) -> [Float]?) -> Planes? {
    guard !kinds.isEmpty else { return nil }
    let masked =
      kinds.contains(.maskedPicture) ? (picture?.masked).map { $0.latents(noise: noise($0.means.count)) } : nil
    return Planes(
      kinds, width: width, height: height, channels: channels, mask: picture?.masked == nil ? nil : picture?.mask,
      masked: masked ?? grey?.latents(), picture: kinds.contains(.picture) ? picture?.picture.means : nil)
  }
}

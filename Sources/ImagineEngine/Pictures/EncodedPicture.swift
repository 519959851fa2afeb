internal import ImagineGraph
internal import ImagineImage
internal import ImagineModels
internal import ImagineSampling

/// A request's picture as models work with it, encoded once for all pictures that begin from it.
struct EncodedPicture: Sendable {
  let picture: LatentDistribution
  /// Without its masked part, which is grey; nil for models that are not told of it.
  let masked: LatentDistribution?
  /// What is painted anew, 0 to 1: [h, w]; nil for all of it.
  let mask: [Float]?
  let fill: InitialPicture.Fill
  /// The size of the picture's own latents, which may have to be brought to another.
  let width: Int, height: Int

  init(_ initial: InitialPicture, _ request: PictureRequest, _ encoding: Autoencoding) throws {
    let latent = encoding.model.latent
    width = initial.width / latent.reduction
    height = initial.height / latent.reduction
    picture = try encoding.encode(initial.pixels, width: initial.width, height: initial.height)
    mask = try initial.mask.map {
      try request.habits.maskReduction.reduced(
        $0.values, width: request.width, height: request.height, by: latent.reduction)
    }
    fill = initial.mask?.fill ?? .picture
    guard let mask = initial.mask, encoding.model.conditioning.planes.contains(.maskedPicture) else {
      masked = nil
      return
    }
    // As diffusers: what is under the middle of the mask's edge is either there or not.
    let kept = initial.pixels.indices.map { mask.values[$0 / 3] < 128 ? initial.pixels[$0] : 0 }
    masked = try encoding.encode(kept, width: initial.width, height: initial.height)
  }
}

extension PictureHabits.MaskReduction {
  /// A mask in latent positions, [h, w], of one in pixels.
  func reduced(_ mask: [UInt8], width: Int, height: Int, by reduction: Int) throws -> [Float] {
    let columns = width / reduction, rows = height / reduction
    switch self {
    case .nearest:
      return (0..<rows * columns).map { position in
        let pixel = (position / columns * reduction) * width + position % columns * reduction
        return mask[pixel] < 128 ? 0 : 1
      }
    case .bilinear:
      return try LatentResampling(.bilinear).resampled(
        mask.map { Float($0) / 255 }, channels: 1, from: (width, height), to: (columns, rows))
    case .rounded:
      return try MaskImage(width: width, height: height, values: mask).latent(width: columns, height: rows)
    }
  }
}

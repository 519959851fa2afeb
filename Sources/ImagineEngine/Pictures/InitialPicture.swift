internal import ImagineImage

/// A picture that drawing begins from, at the size of the picture to be drawn.
package struct InitialPicture: Sendable {
  /// What stands under a mask before the first step.
  package enum Fill: Sendable, Hashable {
    /// What the picture has there; also where its colours were drawn in from around the mask.
    case picture
    /// Noise alone.
    case noise
    /// Nothing: latents of zero.
    case nothing
  }

  /// A part of the picture that alone is changed.
  package struct Mask: Sendable {
    /// 255 where the picture is painted anew, 0 where it stays: [height, width], in pixels.
    package var values: [UInt8]
    package var fill: Fill

    package init(values: [UInt8], fill: Fill) {
      self.values = values
      self.fill = fill
    }
  }

  /// Red, green and blue from -1 to 1: [height, width, 3]. Of another size than the picture to be drawn, its latents are brought
  /// to that.
  package var pixels: [Float]
  package var width: Int
  package var height: Int
  /// How much of it is changed, 0 to 1.
  package var strength: Double
  package var mask: Mask?

  package init(pixels: [Float], width: Int, height: Int, strength: Double) {
    self.pixels = pixels
    self.width = width
    self.height = height
    self.strength = strength
  }
}

/// A second pass over a picture that was drawn at a smaller size.
package struct HiresPass: Sendable, Hashable {
  package var width: Int
  package var height: Int
  /// Of the second pass; nil is as many as in the first.
  package var steps: Int?
  package var strength: Double
  package var enlargement: Enlargement
  /// A network that makes the picture larger, in place of the enlargement's filter.
  package var upscaler: OpenedUpscaler?

  package init(
    width: Int, height: Int, steps: Int?, strength: Double, enlargement: Enlargement, upscaler: OpenedUpscaler? = nil
  ) {
    self.upscaler = upscaler
    self.width = width
    self.height = height
    self.steps = steps
    self.strength = strength
    self.enlargement = enlargement
  }
}

/// How a picture is made larger between two passes.
package enum Enlargement: String, Sendable, Hashable, CaseIterable {
  case latent
  case latentAntialiased = "latent_antialiased"
  case latentBicubic = "latent_bicubic"
  case latentBicubicAntialiased = "latent_bicubic_antialiased"
  case latentNearest = "latent_nearest"
  case latentNearestExact = "latent_nearest_exact"
  case lanczos
  case nearest
}

extension Enlargement {
  /// How latents become larger; nil where the picture does.
  var latentResampling: LatentResampling? {
    switch self {
    case .latent: LatentResampling(.bilinear)
    case .latentAntialiased: LatentResampling(.bilinear, isAntialiased: true)
    case .latentBicubic: LatentResampling(.bicubic)
    case .latentBicubicAntialiased: LatentResampling(.bicubic, isAntialiased: true)
    case .latentNearest: LatentResampling(.nearest)
    case .latentNearestExact: LatentResampling(.nearestExact)
    case .lanczos, .nearest: nil
    }
  }

  /// How the picture becomes larger.
  var filter: ResamplingFilter { self == .nearest ? .nearest : .lanczos }
}

package import ImagineSampling

/// What programs do differently with pictures that they are given, and that they give.
package struct PictureHabits: Sendable, Hashable {
  /// How a mask in pixels becomes one in latent positions.
  package enum MaskReduction: Sendable, Hashable {
    /// Pillow's bicubic filter, rounded to 0 or 1: A1111.
    case rounded
    /// Bilinear: ComfyUI.
    case bilinear
    /// The pixel in the corner of each position, 0 or 1: diffusers.
    case nearest
  }

  package var maskReduction = MaskReduction.rounded
  /// Whether latents of a picture are drawn from the autoencoder's distribution rather than its mean.
  package var drawsPosterior = false
  /// Whether models that are told the mask are blended with the picture as others are.
  package var blendsInpaintingModels = true
  /// Whether what is painted under a mask at full strength begins from noise alone, rather than from the picture under noise.
  package var masksNoiseAtFullStrength = false
  /// Whether the picture itself is laid over what was not to change.
  package var pastesPicture = true
  /// Whether pixels are cut off to 8 bits rather than rounded.
  package var truncatesPixels = false

  /// - Parameter likeness: nil for this program's own, which are A1111's but for the rounding of pixels.
  package init(_ likeness: Likeness? = nil) {
    switch likeness {
    case nil: break
    case .a1111: truncatesPixels = true
    case .comfyUI:
      maskReduction = .bilinear
      pastesPicture = false
      truncatesPixels = true
    case .diffusers:
      maskReduction = .nearest
      drawsPosterior = true
      blendsInpaintingModels = false
      masksNoiseAtFullStrength = true
      pastesPicture = false
    case .stableDiffusionCpp:
      maskReduction = .nearest
      pastesPicture = false
      truncatesPixels = true
    }
  }
}

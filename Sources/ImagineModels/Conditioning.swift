package import ImagineCheckpoint

/// How prompts and numbers become what the denoiser is told beside the noisy latents: a recipe, carried out by the engine.
package struct Conditioning: Sendable, Hashable {
  /// One text encoder's part in it.
  package struct Text: Sendable, Hashable {
    package var role: Network.Role
    /// The token that fills a sequence after its end.
    package var padding: Int32
    /// Layers of the encoder, for a request that leaves some of them out.
    package var layers: Int
    /// Layers at its end that are left out unless a request says otherwise.
    package var skippedLayers: Int
    /// Layers that the encoder had behind those, which nobody asked for and the file does not hold.
    package var absentLayers: Int
    /// Width of its tokens' vectors.
    package var width: Int
    /// Which of a textual inversion's vectors are for it.
    package var embedding: EmbeddingFile.Encoder

    package init(
      role: Network.Role, padding: Int32, layers: Int, skippedLayers: Int, absentLayers: Int, width: Int,
      embedding: EmbeddingFile.Encoder
    ) {
      self.width = width
      self.embedding = embedding
      self.role = role
      self.padding = padding
      self.layers = layers
      self.skippedLayers = skippedLayers
      self.absentLayers = absentLayers
    }
  }

  /// A number about the picture.
  package enum PictureNumber: Sendable, Hashable {
    case originalHeight, originalWidth, cropTop, cropLeft, targetHeight, targetWidth, aestheticScore
  }

  /// Channels that the denoiser takes behind those of the noisy latents.
  package enum Plane: Sendable, Hashable {
    /// A mask: 1 where the picture is to be painted anew.
    case mask
    /// The latents of a picture without its masked part, which is grey.
    case maskedPicture
    /// The latents of a picture to be changed; zeros for none.
    case picture

    /// Channels, in latents of so many.
    package func channels(latents: Int) -> Int { self == .mask ? 1 : latents }
  }

  /// What denoisers are known to take: nothing, a masked picture (inpainting), a picture (InstructPix2Pix).
  static let knownPlanes: [[Plane]] = [[], [.mask, .maskedPicture], [.picture]]

  /// The encoders, whose vectors are joined channel by channel, in this order.
  package var texts: [Text]
  /// Which of the encoders gives a prompt as one vector, too; nil for denoisers that are not told any.
  package var pooled: Int?
  /// What the denoiser is told of the picture, in this order.
  package var numbers: [PictureNumber] = []
  /// Whether an empty negative prompt stands for zeros rather than for the vectors of an empty text.
  package var zeroesEmptyNegative = false
  /// How many numbers tell the denoiser the guidance scale; nil where guidance takes a second run instead.
  package var guidanceWidth: Int?
  package var planes: [Plane] = []

  package init(texts: [Text]) { self.texts = texts }
}

/// The space that a model draws in.
package struct LatentFormat: Sendable, Hashable {
  package var channels: Int
  /// What colours they stand for, roughly; nil where nobody has said.
  package var colours: LatentColours?
  /// Pixels along one side of a position.
  package var reduction: Int
  /// What an autoencoder's latents are multiplied by to become the denoiser's.
  package var scale: Float
  /// What an autoencoder's latents are normalised by before they are scaled; nil for not at all.
  package var statistics: LatentStatistics?

  package init(channels: Int, reduction: Int, scale: Float, statistics: LatentStatistics? = nil) {
    self.channels = channels
    self.reduction = reduction
    self.scale = scale
    self.statistics = statistics
  }
}

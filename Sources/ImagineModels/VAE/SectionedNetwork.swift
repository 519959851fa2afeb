package import ImagineGraph

/// A network in parts: sections, which can run on a window of their image at a time, and around them what looks at all positions
/// at once, where the image is small.
package struct SectionedNetwork: Sendable {
  /// The network's input, [N, H, W, channels].
  package let input: String
  package let channels: Int
  /// Positions of the input along one side of a latent position.
  package let inputReduction: Int
  /// Pixels along one side of a latent position.
  package let reduction: Int
  /// What comes before the sections: the input -> [N, H, W, C], in 32-bit floats; nil for nothing.
  package let beginning: (@Sendable (Tensor) -> Tensor)?
  package let sections: [NetworkSection]
  /// What comes after them: their result -> the network's; nil for nothing.
  package let end: (@Sendable (Tensor) -> Tensor)?

  /// The input's shape.
  package func inputShape(_ shape: NetworkShape) -> Shape {
    [shape.rows, shape.height * inputReduction, shape.width * inputReduction, channels]
  }
}

extension AutoencoderKL {
  /// Decoding in parts: all but the beginning looks at neighbours only.
  package var sectionedDecoder: SectionedNetwork {
    SectionedNetwork(
      input: "latents", channels: configuration.latentChannels, inputReduction: 1, reduction: configuration.reduction,
      beginning: { beginDecoding($0) }, sections: decoder.sections, end: nil)
  }

  /// Encoding in parts: all but the end looks at neighbours only. Nil without an encoder.
  package var sectionedEncoder: SectionedNetwork? {
    encoder.map { encoder in
      SectionedNetwork(
        input: "pixels", channels: 3, inputReduction: configuration.reduction, reduction: configuration.reduction,
        beginning: nil, sections: encoder.network.sections, end: { endEncoding($0) })
    }
  }
}

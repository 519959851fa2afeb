package import ImagineGraph

/// A stretch of the decoder's way up, for decoding in tiles: one size of image, with few values at its beginning.
///
/// The sections one after another are everything after `AutoencoderKL.beginDecoding`. Each begins where its up block's
/// predecessor is about to double the image, because there the fewest values stand between two blocks. Beyond a
/// neighbourhood of `reach` positions, a section sees its image only through the statistics of its norms.
package struct DecoderSection {
  private let upsampler: Upsample2D?
  private let resnets: [ResnetBlock2D]
  /// Of the last section.
  private let end: (norm: GroupNorm, conv: Conv2d)?

  fileprivate init(upsampler: Upsample2D?, resnets: [ResnetBlock2D], end: (norm: GroupNorm, conv: Conv2d)? = nil) {
    self.upsampler = upsampler
    self.resnets = resnets
    self.end = end
  }

  /// Rows and columns of the result for each of the input.
  package var scale: Int { upsampler == nil ? 1 : 2 }

  /// How far away, in positions of the input, a value can be and still touch a result other than through the norms.
  package var reach: Int {
    let convolutions = resnets.count * 2 + (upsampler == nil ? 0 : 1) + (end == nil ? 0 : 1)
    return (convolutions + scale - 1) / scale
  }

  /// The norms in the order they are computed in.
  package var norms: [GroupNorm] {
    resnets.flatMap { [$0.norm1, $0.norm2] } + (end.map { [$0.norm] } ?? [])
  }

  /// x [N, H, W, C] -> [N, H scale, W scale, C'], in 32-bit floats.
  ///
  /// - Parameter normalised: computes a norm of values that are a part of the image.
  package func callAsFunction(_ x: Tensor, normalised: (GroupNorm, Tensor) -> Tensor) -> Tensor {
    var h = x.asActivation()
    if let upsampler { h = upsampler(h, height: h.shape[1] * 2, width: h.shape[2] * 2) }
    for resnet in resnets { h = resnet(h, normalised: normalised) }
    if let end { h = end.conv(normalised(end.norm, h).silu()) }
    return h.cast(to: .float32)
  }
}

extension Decoder {
  /// The way up in sections, one for each up block.
  package var sections: [DecoderSection] {
    upBlocks.indices.map { index in
      DecoderSection(
        upsampler: index == 0 ? nil : upBlocks[index - 1].upsampler, resnets: upBlocks[index].resnets,
        end: index == upBlocks.count - 1 ? (normOut, convOut) : nil)
    }
  }
}

package import ImagineGraph

/// A stretch of an autoencoder's way, for work in tiles: resnets at one size of image, between a change of size before them or
/// after them.
///
/// Beyond a neighbourhood of `reach` positions, a section sees its image only through the statistics of its norms.
package struct NetworkSection: Sendable {
  enum Beginning: Sendable {
    case nothing
    case convolution(Conv2d)
    case upsampling(Upsample2D)
  }

  enum End: Sendable {
    case nothing
    case downsampling(Downsample2D)
    case output(norm: GroupNorm, conv: Conv2d)
  }

  private let beginning: Beginning
  private let resnets: [ResnetBlock2D]
  private let end: End

  fileprivate init(_ beginning: Beginning, _ resnets: [ResnetBlock2D], _ end: End) {
    self.beginning = beginning
    self.resnets = resnets
    self.end = end
  }

  /// Where positions of the input lie among those that the norms see.
  package var normScale: PositionScale { if case .upsampling = beginning { .doubled } else { .same } }

  /// Where positions of the input lie in the result.
  package var scale: PositionScale { if case .downsampling = end { .halved } else { normScale } }

  /// Whether the first norm sees the input as it comes.
  package var beginsWithNorm: Bool { if case .nothing = beginning { true } else { false } }

  /// How far away, in positions of the input, a value can be and still touch a result other than through the norms. Where the
  /// section halves its image, an even number, so that windows that far around even positions begin at even ones.
  package var reach: Int {
    var convolutions = resnets.count * 2
    if case .nothing = beginning {} else { convolutions += 1 }
    if case .nothing = end {} else { convolutions += 1 }
    return switch scale {
    case .same: convolutions
    case .doubled: (convolutions + 1) / 2
    case .halved: (convolutions + 1) / 2 * 2
    }
  }

  /// The norms in the order they are computed in.
  package var norms: [GroupNorm] {
    let norms = resnets.flatMap { [$0.norm1, $0.norm2] }
    return if case .output(let norm, _) = end { norms + [norm] } else { norms }
  }

  /// x [N, H, W, C] -> [N, H', W', C'] with H' and W' by `scale`, in 32-bit floats.
  ///
  /// - Parameters:
  ///   - halving: what is done to the image before it is halved.
  ///   - normalised: computes a norm of values that are a part of the image.
  package func callAsFunction(
    _ x: Tensor, halving: (Tensor) -> Tensor = { $0 }, normalised: (GroupNorm, Tensor) -> Tensor
  ) -> Tensor {
    var h = x.asActivation()
    switch beginning {
    case .nothing: break
    case .convolution(let conv): h = conv(h)
    case .upsampling(let upsampler):
      guard h.shape.rank == 4 else { return h }
      h = upsampler(h, height: h.shape[1] * 2, width: h.shape[2] * 2)
    }
    for resnet in resnets { h = resnet(h, normalised: normalised) }
    switch end {
    case .nothing: break
    case .downsampling(let downsampler): h = downsampler(halving(h))
    case .output(let norm, let conv): h = conv(normalised(norm, h).silu())
    }
    return h.cast(to: .float32)
  }
}

/// Where positions of an image lie in one of another size.
package enum PositionScale: Sendable, Hashable {
  case same, doubled, halved

  package func callAsFunction(_ position: Int) -> Int {
    switch self {
    case .same: position
    case .doubled: position * 2
    case .halved: position / 2
    }
  }

  package func callAsFunction(_ positions: Range<Int>) -> Range<Int> {
    self(positions.lowerBound)..<self(positions.upperBound)
  }
}

extension Decoder {
  /// The way up in sections, one for each up block. Each begins where its up block's predecessor is about to double the image,
  /// because there the fewest values stand between two blocks.
  var sections: [NetworkSection] {
    upBlocks.indices.map { index in
      NetworkSection(
        (index == 0 ? nil : upBlocks[index - 1].upsampler).map { .upsampling($0) } ?? .nothing, upBlocks[index].resnets,
        index == upBlocks.count - 1 ? .output(norm: normOut, conv: convOut) : .nothing)
    }
  }
}

extension Encoder {
  /// The way down in sections, one for each down block.
  var sections: [NetworkSection] {
    downBlocks.enumerated().map { index, block in
      NetworkSection(
        index == 0 ? .convolution(convIn) : .nothing, block.resnets,
        block.downsampler.map { .downsampling($0) } ?? .nothing)
    }
  }
}

internal import ImagineGraph
internal import ImagineModels

/// Channels that a denoiser takes behind those of the noisy latents.
struct Planes: Sendable {
  /// [1, h, w, C].
  let values: HostTensor
  /// What the run without a picture is told in their place, by models with a guidance of their own for pictures.
  let absent: HostTensor?

  /// - Parameters:
  ///   - kinds: of which there is at least one.
  ///   - mask: what is painted anew, 0 to 1, [h, w]; nil for all of it.
  ///   - masked: latents of the picture without what is under the mask, [C, h, w].
  ///   - picture: latents of the picture to be changed, not scaled, [C, h, w]; nil for none.
  init(
    _ kinds: [Conditioning.Plane], width: Int, height: Int, channels: Int, mask: [Float]?, masked: [Float]?,
    picture: [Float]?
  ) {
    func plane(_ values: [Float]?, channels: Int, otherwise: Float) -> HostTensor {
      let count = height * width * channels
      return HostTensor(
        [1, height, width, channels],
        values.map { ImageLayout.channelsLast($0, channels: channels) }
          ?? [Float](repeating: otherwise, count: count))
    }
    let tensors = kinds.map { kind in
      switch kind {
      case .mask: plane(mask, channels: 1, otherwise: 1)
      case .maskedPicture: plane(masked, channels: channels, otherwise: 0)
      case .picture: plane(picture, channels: channels, otherwise: 0)
      }
    }
    values = tensors.dropFirst().reduce(tensors[0]) { $0.joinedChannels(with: $1) }
    absent =
      kinds == [.picture] ? HostTensor(values.shape, [Float](repeating: 0, count: values.shape.count)) : nil
  }
}

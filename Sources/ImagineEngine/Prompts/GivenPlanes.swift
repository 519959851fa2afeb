internal import ImagineGraph
internal import ImagineModels

extension ConditionsMaker {
  /// Values behind the latents' channels, [1, h, w, C]; nil for denoisers that take latents alone.
  ///
  /// Without a picture in the request: all of it is to be painted, or there is none to change.
  func extra(_ request: PictureRequest) throws -> HostTensor? {
    let latent = runner.model.latent
    let height = request.height / latent.reduction, width = request.width / latent.reduction
    return try runner.model.conditioning.planes.reduce(nil as HostTensor?) { joined, plane in
      let next =
        switch plane {
        case .mask: HostTensor([1, height, width, 1], [Float](repeating: 1, count: height * width))
        case .picture:
          HostTensor(
            [1, height, width, latent.channels], [Float](repeating: 0, count: height * width * latent.channels))
        case .maskedPicture: try greyLatents(height: height, width: width)
        }
      return joined.map { $0.joinedChannels(with: next) } ?? next
    }
  }

  /// The latents of a grey picture, [1, h, w, C]: the mean of what the autoencoder makes of it.
  private func greyLatents(height: Int, width: Int) throws -> HostTensor {
    let latent = runner.model.latent, side = latent.reduction
    let grey = [Float](repeating: 0, count: height * side * width * side * 3)
    let moments = try runner.run(
      .encoder, NetworkShape(height: height, width: width),
      ["pixels": HostTensor([1, height * side, width * side, 3], grey)], policy, report: report)[0]
    let floats = moments.floats, stride = moments.shape.last
    let values = (0..<height * width).flatMap { position in
      floats[position * stride..<position * stride + latent.channels].map { $0 * latent.scale }
    }
    return HostTensor([1, height, width, latent.channels], values)
  }
}

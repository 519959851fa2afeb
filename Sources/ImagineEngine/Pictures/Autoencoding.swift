internal import ImagineGraph
internal import ImagineModels

/// Pictures to latents and back, by a model's own autoencoder.
struct Autoencoding {
  let model: DiffusionModel
  let runner: NetworkRunner
  let policy: MemoryPolicy
  let tiling: SeamlessAxes
  let report: NetworkRunner.Report

  /// - Parameter pixels: red, green and blue from -1 to 1, [height, width, 3].
  /// - Throws: `EngineError` if the model cannot read pictures, and what running a network does.
  func encode(_ pixels: [Float], width: Int, height: Int) throws -> LatentDistribution {
    let latent = model.latent
    guard model[.encoder] != nil else { throw EngineError.noEncoder }
    let shape = NetworkShape(
      height: height / latent.reduction, width: width / latent.reduction, seamless: tiling)
    let input = HostTensor([1, height, width, 3], pixels)
    let output = try runner.run(.encoder, shape, ["pixels": input], policy, report: report)[0]
    return LatentDistribution(
      ImageLayout.channelsFirst(output.floats, channels: output.shape.last), positions: shape.height * shape.width,
      format: latent)
  }

  /// - Parameter latents: in the denoiser's scale, [C, h, w], h and w for so many pixels.
  /// - Returns: red, green and blue around -1...1, [height, width, 3].
  func decode(_ latents: [Float], width: Int, height: Int) throws -> [Float] {
    let latent = model.latent
    let shape = NetworkShape(
      height: height / latent.reduction, width: width / latent.reduction, seamless: tiling)
    let input = HostTensor(
      [1, shape.height, shape.width, latent.channels], ImageLayout.channelsLast(latents, channels: latent.channels))
    return try runner.run(.decoder, shape, ["latents": input], policy, report: report)[0].floats
  }
}

extension EngineError {
  static let noEncoder = EngineError(
    .unsupportedModel,
    "The model's autoencoder has no encoder, and cannot begin with a picture: give a complete autoencoder, or leave the "
      + "picture out.")
}

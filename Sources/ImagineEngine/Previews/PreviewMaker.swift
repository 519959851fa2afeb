internal import ImagineGraph
internal import ImagineImage
internal import ImagineModels

/// Small or rough pictures of one that is being drawn.
struct PreviewMaker {
  /// How they are made.
  enum Way: Sendable, Hashable {
    /// From the latents by a matrix: a pixel for each latent position, in no time.
    case colours(LatentColours)
    /// By the model's own autoencoder, which is a quick one: in full size.
    case autoencoder
  }

  let model: DiffusionModel
  let runner: NetworkRunner
  let policy: MemoryPolicy
  let seamless: SeamlessAxes
  let report: NetworkRunner.Report

  /// Nil if the model has neither way.
  ///
  /// Where networks make room for each other, a decoder between two steps would have the denoiser loaded again.
  var way: Way? {
    let colours = model.latent.colours.map(Way.colours)
    guard model[.decoder]?.isQuick == true else { return colours }
    return policy.takesTurns || policy.savesMemory ? colours : .autoencoder
  }

  /// What the picture is about to become; nil if nothing can be shown of it.
  ///
  /// Whatever goes wrong with a preview is no reason to stop drawing: then there is a rougher one, or none.
  ///
  /// - Parameters:
  ///   - latents: what the denoiser takes for the picture without its noise, [C, h, w].
  ///   - width, height: in latent positions.
  /// - Throws: `CancellationError`.
  func picture(_ latents: [Float], width: Int, height: Int) throws -> RGBImage? {
    if way == .autoencoder {
      do {
        return try decoded(latents, width: width, height: height)
      } catch let cancellation as CancellationError {
        throw cancellation
      } catch {}
    }
    guard let pixels = model.latent.colours?.pixels(latents, width: width, height: height) else { return nil }
    return try? RGBImage(width: width, height: height, pixels: pixels)
  }

  private func decoded(_ latents: [Float], width: Int, height: Int) throws -> RGBImage {
    let format = model.latent
    guard latents.count == format.channels * width * height else {
      throw GraphError("\(latents.count) latents are no picture of \(width)x\(height) positions")
    }
    let shape = NetworkShape(height: height, width: width, seamless: seamless)
    let input = HostTensor(
      [1, height, width, format.channels], ImageLayout.channelsLast(latents, channels: format.channels))
    let pixels = try runner.run(.decoder, shape, ["latents": input], policy, report: report)[0]
    return try RGBImage(width: pixels.shape[2], height: pixels.shape[1], interleaved: pixels.floats)
  }
}

import Foundation
import Imagine

/// The model that a run draws with, and the one that goes on with its pictures, on one device.
struct DrawingModels {
  let pipeline: Pipeline
  let refiner: Refiner?
  /// What tells the models of one run from those of another, for names of pictures.
  let signature: String

  /// Opens what the command line names; without a model, the demonstration model.
  init(_ command: DrawingOrder, _ display: Display) async throws {
    let files = command.files, options = command.engine.options(display)
    let pipeline =
      if let files { try await Pipeline(files: files, options: options) } else {
        try await Pipeline.demonstration(options: options)
      }
    self.pipeline = pipeline
    let refinerFile = command.picture.refiner.path.map { URL(literalPath: $0) }
    if let refinerFile {
      let second = try await Pipeline(model: refinerFile, on: pipeline.engine)
      refiner = Refiner(second, start: command.picture.refiner.start ?? RefinerOptions.usualStart)
    } else {
      refiner = nil
    }
    let parts: [(String, URL?)] = [
      ("vae", files?.vae), ("unet", files?.unet), ("clip-l", files?.clipL), ("clip-g", files?.clipG),
      ("refiner", refinerFile),
    ]
    let names = parts.compactMap { part, url in url.map { "\(part) \($0.lastPathComponent)" } }
    signature = ([pipeline.report.name] + names + [files?.prediction?.rawValue].compactMap { $0 })
      .joined(separator: "\n")
  }

  /// The model's own size.
  var usualSize: Size { pipeline.report.defaults.size }

  /// What the command line asks for; what it leaves open is still open.
  func request(_ order: DrawingOrder, _ pictures: SourcePictures) throws -> GenerationRequest {
    pictures.upscalers.use(pipeline.engine)
    var request = try order.picture.applied(
      to: order.recorded?.request ?? GenerationRequest(prompt: ""), usual: usualSize, pictures,
      order.recorded?.change)
    if let prompt = order.prompt { request.prompt = prompt }
    request.refiner = refiner
    request.recordsTensors = order.output.dumpTensors != nil
    request.previewInterval = order.output.preview.interval
    return request
  }
}

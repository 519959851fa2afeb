import Foundation
import Imagine

/// The model that a run draws with, and the one that goes on with its pictures, on one device.
struct DrawingModels {
  let pipeline: Pipeline
  let refiner: Refiner?
  private let names: NamedModels
  /// What tells the models of one run from those of another, for names of pictures.
  let signature: String

  /// Opens what the command line names; without a model, the demonstration model.
  init(_ command: DrawingOrder, _ display: Display) async throws {
    names = NamedModels(library: command.library)
    var files = command.files
    if let named = files { files = try await names.files(named) }
    let options = command.engine.options(display)
    let pipeline =
      if let files { try await Pipeline(files: files, options: options, library: command.library) } else {
        try await Pipeline.demonstration(options: options, library: command.library)
      }
    self.pipeline = pipeline
    var refinerFile: URL?
    if let name = command.picture.refiner.path { refinerFile = try await command.library.find(name, .checkpoint) }
    if let refinerFile {
      let second = try await Pipeline(model: refinerFile, on: pipeline.engine, library: command.library)
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

  /// What a line of a prompt file asks for, with the files that its names mean.
  func request(
    _ entry: PromptFileEntry, _ base: GenerationRequest, _ pictures: SourcePictures
  ) async throws -> GenerationRequest {
    try await names.named(entry.applied(to: base, usual: usualSize, pictures))
  }

  /// What the command line asks for; what it leaves open is still open.
  func request(_ order: DrawingOrder, _ pictures: SourcePictures) async throws -> GenerationRequest {
    pictures.upscalers.use(pipeline.engine, order.library)
    let recorded = try await order.recorded?.request(on: pipeline.engine)
    var request = try order.picture.applied(
      to: recorded ?? GenerationRequest(prompt: ""), usual: usualSize, pictures,
      order.recorded?.change)
    if let prompt = order.prompt { request.prompt = prompt }
    request.refiner = refiner
    request.recordsTensors = order.output.dumpTensors != nil
    request.previewInterval = order.output.preview.interval
    return try await names.named(request)
  }
}

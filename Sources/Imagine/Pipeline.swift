public import Foundation
package import ImagineEngine
internal import ImagineAdapters
internal import ImagineImage
internal import ImagineModels
internal import ImagineSampling

/// A model ready to draw.
///
/// ```swift
/// let pipeline = try await Pipeline(model: checkpointURL)
/// let image = try await pipeline.image(GenerationRequest(prompt: "a lighthouse at dusk"))
/// try image.writePNG(to: outputURL)
/// ```
///
/// Requests made at the same time take turns. Cancel the task that waits to stop a request within one operation.
public final class Pipeline: Sendable {
  /// How a model is to be run.
  public typealias Options = Engine.Options

  /// What draws; other pipelines may share it.
  public let engine: Engine
  /// What was found in the model's files.
  public let report: ModelReport
  /// Where names in prompts are looked up, such as those of textual inversions; what is in it is looked through once.
  public let library: ModelLibrary

  let opened: OpenedModel
  let named: NamedEmbeddings
  let namedLoRAs: NamedLoRAs
  private let loraHashes = LoRAHashes()
  /// Nil for a model without a file.
  private let hash: ModelHash?

  /// Opens a model on a device of its own: a checkpoint or a diffusers folder.
  ///
  /// Recognises its family and checks every weight's presence and shape; the weights themselves are read as they are
  /// needed.
  /// - Throws: `ImagineError`.
  public convenience init(
    model: URL, options: Options = Options(), library: ModelLibrary = ModelLibrary()
  ) async throws {
    try await self.init(files: ModelFiles(model), options: options, library: library)
  }

  /// Opens a model to be drawn with by an engine.
  ///
  /// - Throws: `ImagineError`.
  public convenience init(model: URL, on engine: Engine, library: ModelLibrary = ModelLibrary()) async throws {
    try await self.init(files: ModelFiles(model), on: engine, library: library)
  }

  /// Opens a model on a device of its own, some of whose networks come from other files.
  ///
  /// - Throws: `ImagineError`.
  public convenience init(
    files: ModelFiles, options: Options = Options(), library: ModelLibrary = ModelLibrary()
  ) async throws {
    // What is no model should not have to wait for a device.
    let opened = try ImagineError.translating(path: files.model) { try OpenedModel(files.sources) }
    try await self.init(opened, on: Engine(options), library: library)
  }

  /// The same, to be drawn with by an engine.
  ///
  /// - Throws: `ImagineError`.
  public convenience init(files: ModelFiles, on engine: Engine, library: ModelLibrary = ModelLibrary()) async throws {
    try await self.init(
      ImagineError.translating(path: files.model) { try OpenedModel(files.sources) }, on: engine, library: library)
  }

  /// Opens the small model built into this library, which draws simple scenes.
  ///
  /// - Throws: `ImagineError`.
  public static func demonstration(
    options: Options = Options(), library: ModelLibrary = ModelLibrary()
  ) async throws -> Pipeline {
    try await demonstration(on: Engine(options), library: library)
  }

  /// The same, to be drawn with by an engine.
  ///
  /// - Throws: `ImagineError`.
  public static func demonstration(
    on engine: Engine, library: ModelLibrary = ModelLibrary()
  ) async throws -> Pipeline {
    try await Pipeline(ImagineError.translating { try OpenedModel.demonstration() }, on: engine, library: library)
  }

  package init(_ opened: OpenedModel, on engine: Engine, library: ModelLibrary = ModelLibrary()) async throws {
    self.library = library
    named = NamedEmbeddings(library)
    namedLoRAs = NamedLoRAs(library)
    report = ModelReport(opened)
    if let problem = report.problem {
      throw ImagineError(.incompleteModel, problem, path: report.url.path(percentEncoded: false))
    }
    self.opened = engine.inner.shared(opened)
    self.engine = engine
    hash = opened.source == .file ? ModelHash(report.url) : nil
  }

  deinit {
    hash?.stop()
    loraHashes.stop()
  }

  /// What computes, such as `AMD EPYC 7763, 8 threads`.
  public var deviceName: String { engine.deviceName }
  /// The number format the model computes in.
  public var precision: Precision { engine.precision }

  // MARK: Requests

  /// What a request will take of the memory of what draws it, the process or a graphics card, stage by stage, and how much
  /// there is.
  ///
  /// It comes from the same plans that would draw it, and takes as long as planning: about a second. No weight is read.
  /// - Throws: `ImagineError` with code `invalidRequest`, as drawing would.
  public func estimate(_ request: GenerationRequest) async throws -> RequestEstimate {
    let picture = try picture(resolved(request))
    return try await ImagineError.translating {
      let size = Size(width: picture.finalSize.width, height: picture.finalSize.height)
      if let forecast = try await engine.inner.cardEstimate(picture, with: opened) {
        return RequestEstimate(forecast, size: size, device: deviceName, precision: precision)
      }
      let (forecast, free) = try await engine.inner.estimate(picture, with: opened)
      return RequestEstimate(forecast, size: size, device: deviceName, precision: precision, freeBytes: free)
    }
  }

  /// Draws, reporting on the way. Cancelling the task that reads the events stops the work within one operation.
  public func generate(_ request: GenerationRequest) -> GenerationEvents {
    // Requests that one task makes one after the other come in this order, whenever their own tasks begin.
    let ticket = engine.inner.ticket()
    return GenerationEvents { report in try await self.run(request, ticket, report) }
  }

  /// Draws one picture; of a request for several, the first.
  ///
  /// - Throws: `ImagineError`, or `CancellationError` when the task was cancelled.
  public func image(_ request: GenerationRequest) async throws -> GeneratedImage {
    var request = request
    request.count = 1
    for try await event in generate(request) {
      if case .image(let image) = event { return image }
    }
    throw ImagineError(.internalError, "The request ended without a picture.")
  }

  private func run(
    _ request: GenerationRequest, _ ticket: Turns.Ticket, _ report: @escaping @Sendable (GenerationEvent) -> Void
  ) async throws {
    let resolved = resolved(request), drawing = try drawing(of: resolved), picture = drawing.picture
    let notices = drawing.notices + [fewStepsNotice(request, resolved, drawing.loras)].compactMap { $0 }
    for notice in notices { report(.notice(Notice(notice))) }
    for item in picture.adapters { loraHashes.begin(item.adapter.file) }
    do {
      try await engine.inner.draw(picture, with: opened, ticket: ticket) { event in
        switch event {
        case .notice(let notice): report(.notice(Notice(notice)))
        case .stage(let stage): report(.stage(GenerationStage(stage)))
        case .step(let index, let step, let count):
          report(.step(GenerationStep(index: step, count: count, image: index, imageCount: picture.count)))
        case .tile(let index, let count): report(.upscaling(UpscalingProgress(index: index, count: count)))
        case .preview(let index, let step, let image):
          report(
            .preview(
              PreviewImage(
                size: Size(width: image.width, height: image.height), pixels: image.pixels, step: step, image: index)))
        }
      } deliver: { drawn in
        let hash = try await self.modelHash(report)
        var hashes: [URL: String] = [:]
        for file in picture.adapters.map(\.adapter.file) { hashes[file.url] = try await self.loraHashes.hash(of: file) }
        let loras = drawing.loras.recorded { $0.file.flatMap { hashes[$0.standardizedFileURL] } }
        let image = try GeneratedImage(drawn, drawing, resolved, self.opened, hash: hash, loras)
        report(.image(try await self.enlarged(image, resolved.upscaling, report)))
      }
    } catch { throw ImagineError.translated(error) }
  }

  /// The first ten digits of the hash of the model's file.
  ///
  /// It is mostly known long before the picture is; a fast device waits for it, once for a file that was never seen.
  /// - Throws: `CancellationError`.
  private func modelHash(_ report: (GenerationEvent) -> Void) async throws -> String? {
    guard let hash else { return nil }
    for _ in 0..<20 where hash.isComputing { try await Task.sleep(for: .milliseconds(10)) }
    guard hash.isComputing else { return shortHash }
    report(.stage(.preparing("hash of the model")))
    defer { report(.stage(.decoding)) }
    while hash.isComputing { try await Task.sleep(for: .milliseconds(50)) }
    return shortHash
  }

  private var shortHash: String? { hash?.known.map { String($0.prefix(10)) } }

  /// A finished picture, made larger if that is wanted.
  private func enlarged(
    _ image: GeneratedImage, _ upscaling: Upscaling?, _ report: @escaping @Sendable (GenerationEvent) -> Void
  ) async throws -> GeneratedImage {
    guard let upscaling else { return image }
    let size = image.size, target = try upscaling.target(of: size)
    let larger = try await engine.inner.enlargeInTurn(
      RGBImage(width: size.width, height: size.height, pixels: image.pixels), toWidth: target.width,
      height: target.height, with: upscaling.upscaler.opened
    ) { event in
      switch event {
      case .notice(let notice): report(.notice(Notice(notice)))
      case .stage(let stage): report(.stage(GenerationStage(stage)))
      case .tile(let index, let count): report(.upscaling(UpscalingProgress(index: index, count: count)))
      case .step, .preview: break
      }
    }
    return image.enlarged(to: larger)
  }
}

extension Pipeline: Hashable {
  public static func == (one: Pipeline, other: Pipeline) -> Bool { one === other }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

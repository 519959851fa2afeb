public import Foundation
package import ImagineEngine
internal import ImagineImage
internal import ImagineModels

/// A network that makes pictures larger: ESRGAN and Real-ESRGAN in all their dialects, Compact, SwinIR.
///
/// ```swift
/// let upscaler = try await UpscalerModel(contentsOf: modelURL)
/// let larger = try await upscaler.upscaled(SourcePicture(contentsOf: pictureURL))
/// try larger.write(to: outputURL)
/// ```
///
/// A picture is done in windows that overlap and go over into each other, as large as memory allows. How solid it is, is made
/// larger by a Lanczos filter; a grey picture stays grey.
public final class UpscalerModel: Sendable {
  /// What it runs on; pipelines may share it.
  public let engine: Engine
  /// A short name, for metadata: the file's.
  public var name: String { opened.name }
  /// What its network is called, such as `ESRGAN`.
  public var architecture: String { opened.model.architecture }
  /// How many times larger it makes each side.
  public var scale: Int { opened.model.scale }

  let opened: OpenedUpscaler

  /// Opens an upscaler on a device of its own: a `.safetensors` file, or one of PyTorch (`.pth`, `.pt`).
  ///
  /// - Throws: `ImagineError`.
  public convenience init(contentsOf url: URL, options: Engine.Options = Engine.Options()) async throws {
    // What is no upscaler should not have to wait for a device.
    let opened = try ImagineError.translating(path: url) { try OpenedUpscaler(url) }
    self.init(opened, on: try Engine(options))
  }

  /// Opens an upscaler to be run by an engine.
  ///
  /// - Throws: `ImagineError`.
  public convenience init(contentsOf url: URL, on engine: Engine) async throws {
    try self.init(opening: url, on: engine)
  }

  /// The same at once: only the names and shapes in the file are read.
  package convenience init(opening url: URL, on engine: Engine) throws {
    self.init(try ImagineError.translating(path: url) { try OpenedUpscaler(url) }, on: engine)
  }

  package init(_ opened: OpenedUpscaler, on engine: Engine) {
    self.engine = engine
    self.opened = opened.shared(by: engine.inner)
  }

  /// Makes a picture larger, reporting on the way. Cancelling the task that reads the events stops the work within one
  /// operation.
  ///
  /// - Parameter scale: how many times larger each side becomes; nil is the network's own scale. Others are reached by the
  ///   network, three times at most, and then exactly by a Lanczos filter.
  public func upscale(_ picture: SourcePicture, scale: Double? = nil) -> UpscalingEvents {
    upscale(picture) { try Upscaling(self, scale: scale).target(of: $0) }
  }

  /// The same to a size, whatever the picture's proportions are.
  public func upscale(_ picture: SourcePicture, to size: Size) -> UpscalingEvents {
    upscale(picture) { _ in try size.requirePossible() }
  }

  /// Makes a picture larger.
  ///
  /// - Throws: `ImagineError`, or `CancellationError` when the task was cancelled.
  public func upscaled(_ picture: SourcePicture, scale: Double? = nil) async throws -> UpscaledImage {
    try await upscale(picture, scale: scale).result()
  }

  private func upscale(
    _ picture: SourcePicture, _ target: @escaping @Sendable (Size) throws -> Size
  ) -> UpscalingEvents {
    // Requests that one task makes one after the other come in this order, whenever their own tasks begin.
    let ticket = engine.inner.ticket()
    return UpscalingEvents { report in
      try await ImagineError.translating {
        let size = try target(picture.size)
        let image = try RGBImage(
          width: picture.size.width, height: picture.size.height, pixels: picture.pixels)
        let larger = try await self.engine.inner.enlarge(
          image, toWidth: size.width, height: size.height, with: self.opened, ticket: ticket
        ) { event in
          switch event {
          case .notice(let notice): report(.notice(Notice(notice)))
          case .stage(let stage): report(.stage(GenerationStage(stage)))
          case .tile(let index, let count): report(.progress(UpscalingProgress(index: index, count: count)))
          case .step, .preview: break
          }
        }
        let alpha = try picture.alpha.map { alpha in
          try MaskImage(width: picture.size.width, height: picture.size.height, values: alpha)
            .resized(width: size.width, height: size.height, .lanczos).values
        }
        report(.image(UpscaledImage(larger, alpha: alpha, of: picture, by: self)))
      }
    }
  }
}

extension Pipeline {
  /// Opens an upscaler of the library, to be run by the pipeline's engine: by its name or any part of it that no other has, by its
  /// hash, or by its path.
  ///
  /// - Throws: `ImagineError`, as `ModelLibrary.find(_:_:)` does where there is none of the name or there are several.
  public func upscaler(named name: String) async throws -> UpscalerModel {
    try await UpscalerModel(contentsOf: library.find(name, .upscaler), on: engine)
  }
}

extension UpscalerModel: Hashable {
  public static func == (one: UpscalerModel, other: UpscalerModel) -> Bool { one === other }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension UpscalerModel: CustomStringConvertible {
  /// Its name and scale: the same in every run, unlike the object.
  public var description: String { "\(name) x\(scale)" }
}

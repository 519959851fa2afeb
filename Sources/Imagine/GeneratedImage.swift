public import Foundation
internal import ImagineImage
internal import ImagineSampling

/// A finished picture with all that is needed to draw it again.
public struct GeneratedImage: Sendable {
  public let size: Size
  /// Red, green, blue for each pixel, row by row: [height, width, 3].
  public let pixels: [UInt8]
  /// What was asked for; its seed is this picture's.
  public let request: GenerationRequest
  /// The seed of this picture.
  public let seed: UInt64
  /// The settings as AUTOMATIC1111 writes them into its pictures.
  public let parameters: String
  /// The intermediate tensors, if the request asked for them.
  public let tensors: TensorRecord?

  /// Writes the picture as PNG, with its `parameters` text unless told otherwise.
  ///
  /// The file appears complete or not at all. An existing file is never overwritten: that is an error.
  /// - Throws: `ImagineError` with code `unwritableOutput`.
  public func writePNG(to url: URL, metadata: Bool = true) throws {
    try ImagineError.translating { try PNGFile.write(picture, text: text(metadata), to: url) }
  }

  /// The same, under the first free name: `url` itself, or with `-2`, `-3`, ... before its extension.
  ///
  /// - Returns: the file written.
  public func writePNG(toFreeNameFor url: URL, metadata: Bool = true) throws -> URL {
    try ImagineError.translating { try PNGFile.writeToFreeName(picture, text: text(metadata), near: url) }
  }

  /// The bytes of the PNG file that would be written.
  ///
  /// - Throws: `ImagineError`.
  public func png(metadata: Bool = true) throws -> [UInt8] {
    try ImagineError.translating { try PNGFile.encode(picture, text: text(metadata)) }
  }

  private var picture: RGBImage {
    get throws { try RGBImage(width: size.width, height: size.height, pixels: pixels) }
  }

  private func text(_ metadata: Bool) -> [PNGText] {
    metadata ? [PNGText(Infotext.keyword, parameters)] : []
  }

  /// - Parameters:
  ///   - pixels: [height, width, 3], around -1...1.
  ///   - model: the model's name and hash, for the parameters.
  /// - Throws: `ImagineError` with code `nonFiniteValues`.
  init(pixels values: [Float], job: ImageJob, model: String, hash: String?) throws {
    size = job.request.size
    pixels = try ImagineError.translating {
      try RGBImage(width: job.request.size.width, height: job.request.size.height, interleaved: values).pixels
    }
    var request = job.request
    request.seed = job.seed
    self.request = request
    seed = job.seed
    parameters = Infotext(job, model: model, hash: hash).text
    tensors = job.recorder?.contents
  }
}

extension Infotext {
  /// The settings in A1111's words and order.
  fileprivate init(_ job: ImageJob, model: String, hash: String?) {
    let request = job.request
    self.init(
      prompt: request.prompt, negativePrompt: request.negativePrompt,
      fields: [
        ("Steps", "\(request.steps)"), ("Sampler", request.sampler.label), ("Schedule type", job.method.scheduleLabel),
        ("CFG scale", Self.number(request.guidanceScale)), ("Seed", "\(job.seed)"), ("Size", "\(request.size)"),
      ] + (hash.map { [("Model hash", $0)] } ?? []) + [
        ("Model", model), ("RNG", job.request.randomSource.stream.label), ("Version", ImagineVersion.full),
      ])
  }

  /// 7 rather than 7.0, as the pictures of A1111's interface have it.
  private static func number(_ value: Float) -> String {
    Int(exactly: value).map(String.init) ?? "\(value)"
  }
}

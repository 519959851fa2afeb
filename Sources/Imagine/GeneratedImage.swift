public import Foundation
internal import ImagineEngine
internal import ImagineImage
internal import ImagineSampling

/// A finished picture with all that is needed to draw it again.
public struct GeneratedImage: Sendable {
  public let size: Size
  /// Red, green, blue for each pixel, row by row: [height, width, 3].
  public let pixels: [UInt8]
  /// What was asked for, with the model's own in place of what was left open; its seed is this picture's.
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
  ///   - request: with the model's own in place of what was left open.
  ///   - hash: of the model's file.
  /// - Throws: `ImagineError` with code `nonFiniteValues`.
  init(
    _ drawn: DrawnPicture, _ picture: PictureRequest, _ request: GenerationRequest, _ model: OpenedModel, hash: String?
  ) throws {
    size = Size(width: picture.width, height: picture.height)
    pixels = try ImagineError.translating {
      try RGBImage(width: picture.width, height: picture.height, interleaved: drawn.pixels).pixels
    }
    var request = request
    request.seed = drawn.seed
    self.request = request
    seed = drawn.seed
    parameters = Infotext(picture, request, seed: drawn.seed, model, hash: hash).text
    tensors = drawn.record.map { TensorRecord($0.contents) }
  }
}

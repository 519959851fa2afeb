public import Foundation
internal import ImagineEngine
internal import ImagineImage
internal import ImagineSampling

/// A finished picture with all that is needed to draw it again.
public struct GeneratedImage: Sendable {
  public private(set) var size: Size
  /// Red, green, blue for each pixel, row by row: [height, width, 3].
  public private(set) var pixels: [UInt8]
  /// What was asked for, with the model's own in place of what was left open; its seed is this picture's.
  public let request: GenerationRequest
  /// The seed of this picture.
  public let seed: UInt64
  /// The settings as AUTOMATIC1111 writes them into its pictures.
  public let parameters: String
  /// The intermediate tensors, if the request asked for them.
  public let tensors: TensorRecord?

  /// Writes the picture, with its `parameters` text unless told otherwise.
  ///
  /// The file appears complete or not at all. An existing file is never overwritten: that is an error.
  /// - Parameter format: nil is what the ending of the file's name stands for.
  /// - Throws: `ImagineError` with code `unwritableOutput`; with `invalidText` for an ending that stands for no format.
  public func write(to url: URL, as format: PictureFormat? = nil, metadata: Bool = true) throws {
    let bytes = try encoded(as: format ?? PictureFormat(fileName: url.lastPathComponent), metadata: metadata)
    try ImagineError.translating(path: url) { try ImageFile.write(bytes, to: url) }
  }

  /// The same, under the first free name: `url` itself, or with `-2`, `-3`, ... before its extension.
  ///
  /// - Returns: the file written.
  public func write(toFreeNameFor url: URL, as format: PictureFormat? = nil, metadata: Bool = true) throws -> URL {
    let bytes = try encoded(as: format ?? PictureFormat(fileName: url.lastPathComponent), metadata: metadata)
    return try ImagineError.translating(path: url) { try ImageFile.writeToFreeName(bytes, near: url) }
  }

  /// The bytes of the file that would be written.
  ///
  /// - Throws: `ImagineError` with code `unwritableOutput` for a picture or text that the format cannot hold.
  public func encoded(as format: PictureFormat = .png, metadata: Bool = true) throws -> [UInt8] {
    try ImagineError.translating {
      try ImageFile.encode(picture, as: format.kind, quality: format.quality, text: text(metadata))
    }
  }

  /// Writes the picture as PNG, whatever the name's ending.
  ///
  /// - Throws: `ImagineError` with code `unwritableOutput`.
  public func writePNG(to url: URL, metadata: Bool = true) throws {
    try write(to: url, as: .png, metadata: metadata)
  }

  /// The same, under the first free name.
  ///
  /// - Returns: the file written.
  public func writePNG(toFreeNameFor url: URL, metadata: Bool = true) throws -> URL {
    try write(toFreeNameFor: url, as: .png, metadata: metadata)
  }

  /// The bytes of the PNG file that would be written.
  ///
  /// - Throws: `ImagineError`.
  public func png(metadata: Bool = true) throws -> [UInt8] { try encoded(metadata: metadata) }

  private var picture: RGBImage {
    get throws { try RGBImage(width: size.width, height: size.height, pixels: pixels) }
  }

  /// The same made larger.
  func enlarged(to picture: RGBImage) -> GeneratedImage {
    var image = self
    image.size = Size(width: picture.width, height: picture.height)
    image.pixels = picture.pixels
    return image
  }

  private func text(_ metadata: Bool) -> [PNGText] {
    metadata ? [PNGText(Infotext.keyword, parameters)] : []
  }

  /// - Parameters:
  ///   - request: with the model's own in place of what was left open.
  ///   - wayBack: how what was drawn goes into the picture it is from.
  ///   - hash: of the model's file.
  /// - Throws: `ImagineError` with code `nonFiniteValues`.
  init(
    _ drawn: DrawnPicture, _ picture: PictureRequest, _ request: GenerationRequest, _ wayBack: PictureReturn?,
    _ model: OpenedModel, hash: String?
  ) throws {
    let image = try ImagineError.translating {
      let image = try RGBImage(
        width: drawn.width, height: drawn.height, interleaved: drawn.pixels,
        truncating: picture.habits.truncatesPixels)
      return try wayBack?.finished(image) ?? image
    }
    size = Size(width: image.width, height: image.height)
    pixels = image.pixels
    var request = request
    request.seed = drawn.seed
    if request.variation != nil { request.variation?.seed = drawn.variationSeed }
    self.request = request
    seed = drawn.seed
    parameters = Infotext(picture, request, seed: drawn.seed, model, hash: hash).text
    tensors = drawn.record.map { TensorRecord($0.contents) }
  }
}

public import Foundation
internal import ImagineImage

/// A picture that an upscaler has made larger, with what its file said.
public struct UpscaledImage: Sendable {
  public let size: Size
  /// Red, green, blue for each pixel, row by row: [height, width, 3].
  public let pixels: [UInt8]
  /// How solid each pixel is, 255 fully: [height, width]; nil where all are.
  public let alpha: [UInt8]?
  /// The settings that drew the picture with those of the upscaler, as AUTOMATIC1111 writes both.
  public let parameters: String
  private let texts: [PNGText]

  init(_ image: RGBImage, alpha: [UInt8]?, of picture: SourcePicture, by upscaler: UpscalerModel) {
    size = Size(width: image.width, height: image.height)
    pixels = image.pixels
    self.alpha = alpha
    let factors = (
      Double(image.width) / Double(picture.size.width), Double(image.height) / Double(picture.size.height)
    )
    var infotext = Infotext(parsing: picture.texts.first { $0.keyword == Infotext.keyword }?.value ?? "")
    let isEven = abs(factors.0 - factors.1) * Double(max(picture.size.width, picture.size.height)) < 1
    infotext.add(
      upscaler: upscaler.name, by: isEven ? (factors.0 * 100).rounded() / 100 : nil, to: size)
    parameters = infotext.text
    texts = picture.texts.filter { $0.keyword != Infotext.keyword } + [PNGText(Infotext.keyword, infotext.text)]
  }

  /// The bytes of a file of it.
  ///
  /// PNG keeps all that the picture's own file said; JPEG and WebP keep its settings. A JPEG has no transparency: the picture
  /// is laid on white.
  /// - Throws: `ImagineError` with code `unwritableOutput` for a picture or text that the format cannot hold.
  public func encoded(as format: PictureFormat = .png, metadata: Bool = true) throws -> [UInt8] {
    try ImagineError.translating {
      let image = try RGBImage(width: size.width, height: size.height, pixels: pixels)
      return try ImageFile.encode(
        image, alpha: alpha, as: format.kind, quality: format.quality, text: metadata ? texts : [])
    }
  }

  /// Writes the picture. The file appears complete or not at all. An existing file is never overwritten: that is an error.
  ///
  /// - Parameter format: nil is what the ending of the file's name stands for.
  /// - Throws: `ImagineError` with code `unwritableOutput`; with `invalidText` for an ending that stands for no format.
  public func write(to url: URL, as format: PictureFormat? = nil, metadata: Bool = true) throws {
    let bytes = try encoded(as: format ?? PictureFormat(fileName: url.lastPathComponent), metadata: metadata)
    try ImagineError.translating(path: url) { try ImageFile.write(bytes, to: url) }
  }
}

extension Infotext {
  /// Adds that a picture was made larger, in AUTOMATIC1111's words.
  ///
  /// - Parameters:
  ///   - scale: nil where its proportions have changed.
  ///   - size: what it has now.
  mutating func add(upscaler: String, by scale: Double?, to size: Size) {
    if let scale {
      fields.append(Field(key: "Postprocess upscale by", value: Self.number(scale)))
    } else {
      fields.append(Field(key: "Postprocess upscale to", value: "\(size)"))
    }
    fields.append(Field(key: "Postprocess upscaler", value: upscaler))
  }
}

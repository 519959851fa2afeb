public import Foundation
package import ImagineImage

/// A picture that a request brings along: to be changed, or as a mask.
public struct SourcePicture: Sendable, Hashable {
  public let size: Size
  /// Red, green, blue for each pixel, row by row: [height, width, 3]. Upright, whatever orientation its file noted.
  public let pixels: [UInt8]
  /// How solid each pixel is, 255 fully: [height, width]; nil where all are.
  public let alpha: [UInt8]?
  /// What its file said beside, in the order of the file.
  package let texts: [PNGText]

  /// A picture from its pixels.
  ///
  /// - Throws: `ImagineError` with code `invalidRequest` if there are not as many as the size says.
  public init(size: Size, pixels: [UInt8], alpha: [UInt8]? = nil) throws {
    let (area, overflows) = size.width.multipliedReportingOverflow(by: size.height)
    guard size.width > 0, size.height > 0, !overflows, area <= 1 << 28, pixels.count == 3 * area,
      alpha.map({ $0.count == area }) ?? true
    else {
      throw ImagineError(
        .invalidRequest, "\(pixels.count) values are no picture of \(size): give three for each pixel.")
    }
    self.size = size
    self.pixels = pixels
    self.alpha = alpha
    texts = []
  }

  /// A picture from a file: PNG, JPEG or WebP, told by its content.
  ///
  /// It is turned upright as its EXIF says, and 16 bits become 8. Colour profiles are not applied. Animations and other
  /// formats are refused by name.
  /// - Throws: `ImagineError` with code `unreadablePicture`.
  public init(contentsOf url: URL) throws {
    self.init(try ImagineError.translating(path: url) { try ImageFile.read(url) })
  }

  /// A picture from the bytes of such a file.
  ///
  /// - Parameter name: what stands for it in errors.
  /// - Throws: `ImagineError` with code `unreadablePicture`.
  public init(bytes: [UInt8], name: String = "picture") throws {
    self.init(try ImagineError.translating { try ImageFile.decode(bytes, name: name) })
  }

  init(_ decoded: DecodedImage) {
    size = Size(width: decoded.image.width, height: decoded.image.height)
    pixels = decoded.image.pixels
    alpha = decoded.alpha
    texts = decoded.text
  }
}

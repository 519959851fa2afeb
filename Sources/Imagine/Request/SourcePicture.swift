/// A picture that a request brings along: to be changed, or as a mask.
public struct SourcePicture: Sendable, Hashable {
  public let size: Size
  /// Red, green, blue for each pixel, row by row: [height, width, 3]. Upright, whatever orientation its file noted.
  public let pixels: [UInt8]
  /// How solid each pixel is, 255 fully: [height, width]; nil where all are.
  public let alpha: [UInt8]?

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
  }
}

/// A picture as its file has it, upright.
package struct DecodedImage: Sendable, Equatable {
  /// The colours, also of pixels that are not seen.
  package let image: RGBImage
  /// How solid each pixel is, 255 fully: [height, width]; nil where the file says nothing of it.
  package let alpha: [UInt8]?
  /// Its texts in the order of the file: a PNG's text chunks; of EXIF, the comment as `parameters` (which is where A1111
  /// puts it) and what ComfyUI puts there as `prompt` and `workflow`.
  package let text: [PNGText]

  package init(image: RGBImage, alpha: [UInt8]? = nil, text: [PNGText] = []) {
    self.image = image
    self.alpha = alpha
    self.text = text
  }

  /// The value of the first text with this keyword.
  package func text(_ keyword: String) -> String? {
    text.first { $0.keyword == keyword }?.value
  }

  /// The picture with transparent pixels laid on white.
  package var onWhite: RGBImage { get throws(ImageError) { try image.onWhite(alpha: alpha) } }
}

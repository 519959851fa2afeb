internal import ImagineGraph
internal import ImagineImage

/// A picture as CLIP's image encoders take it: its shorter side at their size, its middle cut out, normalised.
struct CLIPPicture {
  let tensor: HostTensor

  private static let mean: [Float] = [0.48145466, 0.4578275, 0.40821073]
  private static let deviation: [Float] = [0.26862954, 0.26130258, 0.27577711]

  init(_ image: RGBImage, size: Int) throws {
    let isWide = image.width > image.height
    let (short, long) = isWide ? (image.height, image.width) : (image.width, image.height)
    // As transformers: the longer side is cut off to whole pixels. No picture is so long that its middle is none.
    let other = max(min(size * long / max(short, 1), 1 << 16), size)
    let (width, height) = isWide ? (other, size) : (size, other)
    let resized = try image.resized(width: width, height: height, .bicubic)
    let left = (width - size) / 2, top = (height - size) / 2
    var values = [Float](repeating: 0, count: 3 * size * size)
    for y in 0..<size {
      for x in 0..<size {
        for channel in 0..<3 {
          let level = Float(resized.pixels[3 * ((y + top) * width + x + left) + channel]) / 255
          values[3 * (y * size + x) + channel] = (level - Self.mean[channel]) / Self.deviation[channel]
        }
      }
    }
    tensor = HostTensor([1, size, size, 3], values)
  }

  /// What stands for no picture: the mean of all colours.
  static func absent(size: Int) -> HostTensor {
    HostTensor([1, size, size, 3], [Float](repeating: 0, count: 3 * size * size))
  }
}

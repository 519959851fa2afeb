/// The two orders of an image's values in memory.
///
/// Random streams, checkpoints and other programs count channel by channel, [C, H, W]; the models compute position by
/// position, [H, W, C].
enum ImageLayout {
  /// [images, C, positions] -> [images, positions, C]
  static func channelsLast(_ values: [Float], channels: Int, images: Int = 1) -> [Float] {
    transposed(values, rows: channels, images: images)
  }

  /// [images, positions, C] -> [images, C, positions]
  static func channelsFirst(_ values: [Float], channels: Int, images: Int = 1) -> [Float] {
    transposed(values, rows: values.count / max(channels * images, 1), images: images)
  }

  private static func transposed(_ values: [Float], rows: Int, images: Int) -> [Float] {
    let columns = values.count / max(rows * images, 1)
    return [Float](unsafeUninitializedCapacity: values.count) { result, count in
      for image in 0..<images {
        let start = image * rows * columns
        for row in 0..<rows {
          for column in 0..<columns {
            result[start + column * rows + row] = values[start + row * columns + column]
          }
        }
      }
      count = values.count
    }
  }
}

import ImagineImage

/// A palette for a picture by median cut (Heckbert, Color Image Quantization for Frame Buffer Display, 1982).
///
/// Colours that agree in the upper five bits of each channel count as one, and have their mean.
enum MedianCut {
  /// The most colours of a palette.
  static let most = 256

  /// Colours that are counted as one.
  private struct Bin {
    var count = 0
    var sum = SIMD3<Int>.zero
    var mean: SIMD3<Int> { sum / SIMD3(repeating: max(count, 1)) }
  }

  /// A box of the colour space: its bins by number, and how far they are apart.
  private struct Box {
    let bins: [Int]
    let count: Int
    /// The channel in which its colours differ most, and by how much.
    let channel: Int, extent: Int

    /// What its colours would be wrong by together.
    var weight: Int { extent * count }

    init(_ bins: [Int], _ all: [Bin]) {
      self.bins = bins
      count = bins.reduce(0) { $0 + all[$1].count }
      var low = SIMD3<Int>(repeating: 255), high = SIMD3<Int>.zero
      for bin in bins {
        low = pointwiseMin(low, all[bin].mean)
        high = pointwiseMax(high, all[bin].mean)
      }
      let extents = high &- low
      channel = (0..<3).max { extents[$0] < extents[$1] } ?? 0
      extent = bins.count > 1 ? max(extents[channel], 1) : 0
    }
  }

  /// The palette, and for each pixel its colour's number.
  static func quantised(_ picture: RGBImage) -> (palette: [SIMD3<UInt8>], indices: [UInt8]) {
    var bins = [Bin](repeating: Bin(), count: 1 << 15)
    var numbers = [Int](repeating: 0, count: picture.width * picture.height)
    for pixel in numbers.indices {
      let start = pixel * 3
      let colour = SIMD3(Int(picture.pixels[start]), Int(picture.pixels[start + 1]), Int(picture.pixels[start + 2]))
      let number = (colour.x >> 3) << 10 | (colour.y >> 3) << 5 | colour.z >> 3
      numbers[pixel] = number
      bins[number].count += 1
      bins[number].sum &+= colour
    }
    let boxes = divided(bins)
    var palette: [SIMD3<UInt8>] = [], indices = [UInt8](repeating: 0, count: bins.count)
    for (index, box) in boxes.enumerated() {
      let sum = box.bins.reduce(SIMD3<Int>.zero) { $0 &+ bins[$1].sum }
      palette.append(SIMD3<UInt8>(truncatingIfNeeded: (sum &+ box.count / 2) / SIMD3(repeating: max(box.count, 1))))
      for bin in box.bins { indices[bin] = UInt8(index) }
    }
    return (palette, numbers.map { indices[$0] })
  }

  /// The boxes that all colours of a picture are divided into, at the medians of those that are farthest apart.
  private static func divided(_ bins: [Bin]) -> [Box] {
    var boxes = [Box(bins.indices.filter { bins[$0].count > 0 }, bins)]
    while boxes.count < most {
      guard let widest = boxes.indices.max(by: { boxes[$0].weight < boxes[$1].weight }), boxes[widest].extent > 0
      else { break }
      let box = boxes[widest]
      let sorted = box.bins.sorted { bins[$0].mean[box.channel] < bins[$1].mean[box.channel] }
      var before = 0, cut = 1
      for (index, bin) in sorted.enumerated().dropLast() {
        before += bins[bin].count
        cut = index + 1
        if before * 2 >= box.count { break }
      }
      boxes[widest] = Box(Array(sorted[..<cut]), bins)
      boxes.append(Box(Array(sorted[cut...]), bins))
    }
    return boxes
  }
}

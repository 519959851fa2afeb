internal import ImagineGraph
internal import ImagineImage
internal import ImagineModels

/// Makes pictures larger with an upscaler's network, a window at a time.
struct Upscaling {
  let upscaler: OpenedUpscaler
  let runner: NetworkRunner
  let policy: MemoryPolicy
  /// Pixels along the longer side of a window.
  let longest: Int
  let report: NetworkRunner.Report

  /// The most runs of a network over one picture, as in AUTOMATIC1111.
  static let mostPasses = 3

  /// Brings a picture to a size: by the network, again where that is not enough, three times at most, then by a Lanczos
  /// filter if it is not that size exactly.
  ///
  /// These are AUTOMATIC1111's rules, and so are 8 bits between two runs. It gives red, green and blue in the reverse order to
  /// the network, unlike those who train them; here the order is theirs.
  ///
  /// - Throws: `CancellationError` within one operation, and what running a network does.
  func enlarged(_ image: RGBImage, toWidth width: Int, height: Int) throws -> RGBImage {
    var result = image, progress = Progress(count: 0)
    let passes = passes(image, width: width, height: height)
    var size = (width: image.width, height: image.height)
    for _ in 0..<passes {
      progress.count += planes(of: image).count * tiles(width: size.width, height: size.height).count
      size = (size.width * upscaler.model.scale, size.height * upscaler.model.scale)
    }
    for _ in 0..<passes { result = try enlarged(result, &progress) }
    return try result.fitted(.stretch, width: width, height: height)
  }

  /// Windows that are done, of all.
  private struct Progress {
    var done = 0
    var count: Int
  }

  /// The channels that are computed together. A network of one channel does each channel of a picture in colour for itself.
  private func planes(of image: RGBImage) -> [Range<Int>] {
    upscaler.model.channels == 3 ? [0..<3] : image.isGrey ? [0..<1] : [0..<1, 1..<2, 2..<3]
  }

  private func tiles(width: Int, height: Int) -> UpscalingTiles {
    let model = upscaler.model
    func filled(_ extent: Int) -> Int { (extent + model.multiple - 1) / model.multiple * model.multiple }
    return UpscalingTiles(
      height: filled(height), width: filled(width), longest: longest, overlap: model.overlap, multiple: model.multiple)
  }

  /// How often the network is run; once at least, since that is what the person asks for.
  private func passes(_ image: RGBImage, width: Int, height: Int) -> Int {
    guard upscaler.model.scale > 1 else { return 1 }
    var count = 1, reached = (image.width * upscaler.model.scale, image.height * upscaler.model.scale)
    while count < Self.mostPasses, reached.0 < width || reached.1 < height {
      reached = (reached.0 * upscaler.model.scale, reached.1 * upscaler.model.scale)
      count += 1
    }
    return count
  }

  /// One run of the network over the picture.
  private func enlarged(_ image: RGBImage, _ progress: inout Progress) throws -> RGBImage {
    let model = upscaler.model, scale = model.scale
    let (width, height) = (image.width * scale, image.height * scale)
    try requireMemory(width: width, height: height)
    report(.stage(.upscaling))
    let planes = planes(of: image), isGrey = image.isGrey
    // What is computed of one channel alone is grey.
    let copies = planes == [0..<1] ? 3 : 1
    var pixels = [UInt8](repeating: 0, count: 3 * width * height)
    for plane in planes {
      let values = try result(image, plane, &progress), count = plane.count
      for (index, value) in values.enumerated() {
        let shade = UInt8((min(max(value, 0), 1) * 255).rounded(.toNearestOrEven))
        let place = index / count * 3 + plane.lowerBound + index % count
        for copy in 0..<copies { pixels[place + copy] = shade }
      }
    }
    let result = try RGBImage(width: width, height: height, pixels: pixels)
    return isGrey ? try result.grey : result
  }

  /// What the network makes of some channels: [height * scale, width * scale, channels].
  private func result(_ image: RGBImage, _ channels: Range<Int>, _ progress: inout Progress) throws -> [Float] {
    let model = upscaler.model, scale = model.scale, count = channels.count
    let values =
      count == 3
      ? image.pixels.map { Float($0) / 255 }
      : stride(from: channels.lowerBound, to: image.pixels.count, by: 3).map { Float(image.pixels[$0]) / 255 }
    let input = UpscalerInput(
      values, width: image.width, height: image.height, channels: count, multiple: model.multiple)
    let tiles = tiles(width: image.width, height: image.height)
    let (rows, columns) = (tiles.rows, tiles.columns)
    let shape = NetworkShape(height: rows.window, width: columns.window)
    var inputs = model.steadyInputs(height: rows.window, width: columns.window)
    let width = image.width * scale, height = image.height * scale
    var result = [Float](repeating: 0, count: width * height * count)
    report(.tile(index: progress.done, count: progress.count))
    for (row, top) in rows.starts.enumerated() {
      let down = rows.weights(row, scale: scale)
      for (column, left) in columns.starts.enumerated() {
        try Task.checkCancellation()
        inputs[UpscalerNetwork.input] = input.window(row: top, column: left, height: rows.window, width: columns.window)
        let part = try runner.run(.upscaler, shape, inputs, policy, report: report)[0].floats
        let across = columns.weights(column, scale: scale)
        for y in 0..<min(rows.window * scale, height - top * scale) where down[y] > 0 {
          let source = y * columns.window * scale, target = (top * scale + y) * width + left * scale
          for x in 0..<min(columns.window * scale, width - left * scale) where across[x] > 0 {
            let weight = down[y] * across[x]
            for channel in 0..<count {
              result[(target + x) * count + channel] += weight * part[(source + x) * count + channel]
            }
          }
        }
        progress.done += 1
        report(.tile(index: progress.done, count: progress.count))
      }
    }
    return result
  }

  /// Arrays of pixels cannot say that there is no memory for them.
  private func requireMemory(width: Int, height: Int) throws {
    let (area, overflows) = width.multipliedReportingOverflow(by: height)
    guard !overflows, area <= RGBImage.mostPixels, HostMemory.has(area * ProcessMemory.bytesPerPixel) else {
      throw EngineError(
        .outOfMemory,
        "There is no memory for a picture of \(width)x\(height), which \(upscaler.name) would make: begin with a smaller one, "
          + "or use an upscaler for a smaller scale.")
    }
  }
}

extension RGBImage {
  /// Whether every pixel is black, white or grey.
  var isGrey: Bool {
    stride(from: 0, to: pixels.count, by: 3).allSatisfy { pixel in
      let red = pixels[pixel]
      return red == pixels[pixel + 1] && red == pixels[pixel + 2]
    }
  }

  /// The picture without colour, which a network may give a grey one a little of.
  fileprivate var grey: RGBImage {
    get throws {
      var pixels = pixels
      for pixel in stride(from: 0, to: pixels.count, by: 3) {
        let red = Int(pixels[pixel]) * 299, green = Int(pixels[pixel + 1]) * 587, blue = Int(pixels[pixel + 2]) * 114
        let grey = (red + green + blue + 500) / 1000
        for channel in 0..<3 { pixels[pixel + channel] = UInt8(grey) }
      }
      return try RGBImage(width: width, height: height, pixels: pixels)
    }
  }
}

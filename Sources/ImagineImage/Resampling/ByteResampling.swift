/// Pictures of 8 bits a channel brought to another size, to the bit as Pillow does it.
///
/// Two passes, first along rows, then along columns, each rounded to 8 bits, in whole numbers with 22 bits behind the
/// point: Pillow's `ImagingResample` of all versions before 13, which A1111 and ComfyUI were written with. (Pillow 13 takes
/// columns first where that is less work, and rounds otherwise there.) An axis that keeps its size has no pass.
struct ByteResampling {
  private static let fractionBits = 22

  var width: Int
  var height: Int
  let channels: Int
  /// [height, width, channels].
  var values: [UInt8]

  init(width: Int, height: Int, channels: Int, values: [UInt8]) {
    self.width = width
    self.height = height
    self.channels = channels
    self.values = values
  }

  /// One axis of a resize.
  struct Axis {
    /// The part of the source that becomes the result, from edge to edge; it may be of no length.
    let span: Range<Double>
    let size: Int
    /// The part of the result that is wanted: nothing else is computed.
    let kept: Range<Int>

    init(_ span: Range<Double>, to size: Int, kept: Range<Int>? = nil) {
      self.span = span
      self.size = size
      self.kept = kept ?? 0..<size
    }

    /// All of an axis.
    init(_ length: Int, to size: Int, kept: Range<Int>? = nil) { self.init(0..<Double(length), to: size, kept: kept) }

    fileprivate func keepsAll(of length: Int) -> Bool {
      size == length && span == 0..<Double(length) && kept == 0..<length
    }
  }

  /// Returns the picture of another size.
  func resized(_ horizontal: Axis, _ vertical: Axis, _ filter: ResamplingFilter) -> ByteResampling {
    var result = self
    if filter == .nearest {
      result.pick(horizontal, vertical)
      return result
    }
    // Rows that the second pass will not look at are left out of the first.
    let columns = filter.fixedTaps(horizontal, length: width), rows = filter.fixedTaps(vertical, length: height)
    let hasRows = !vertical.keepsAll(of: height)
    let needed = hasRows ? rows.reach(length: height) : 0..<height
    if !horizontal.keepsAll(of: width) { result.resampleRows(columns, needed) }
    if hasRows { result.resampleColumns(rows, first: horizontal.keepsAll(of: width) ? 0 : needed.lowerBound) }
    return result
  }

  private mutating func resampleRows(_ taps: FilterTaps<Int>, _ rows: Range<Int>) {
    let source = values, stride = width * channels, channels = channels
    values = [UInt8](unsafeUninitializedCapacity: rows.count * taps.count * channels) { buffer, count in
      for y in rows {
        for x in 0..<taps.count {
          let weights = taps.offsets[x]..<taps.offsets[x + 1]
          for channel in 0..<channels {
            var sum = 1 << (Self.fractionBits - 1), place = y * stride + taps.starts[x] * channels + channel
            for weight in weights {
              sum += Int(source[place]) * taps.weights[weight]
              place += channels
            }
            buffer[count] = Self.clipped(sum)
            count += 1
          }
        }
      }
    }
    width = taps.count
    height = rows.count
  }

  private mutating func resampleColumns(_ taps: FilterTaps<Int>, first: Int) {
    let source = values, stride = width * channels
    values = [UInt8](unsafeUninitializedCapacity: taps.count * stride) { buffer, count in
      var sums = [Int](repeating: 0, count: stride)
      for y in 0..<taps.count {
        for index in sums.indices { sums[index] = 1 << (Self.fractionBits - 1) }
        var row = (taps.starts[y] - first) * stride
        for weight in taps.offsets[y]..<taps.offsets[y + 1] {
          for index in 0..<stride { sums[index] += Int(source[row + index]) * taps.weights[weight] }
          row += stride
        }
        for sum in sums {
          buffer[count] = Self.clipped(sum)
          count += 1
        }
      }
    }
    height = taps.count
  }

  private static func clipped(_ sum: Int) -> UInt8 { UInt8(clamping: sum >> fractionBits) }

  /// Takes the nearest value to each: Pillow's `ImagingScaleAffine`, whose places are added up.
  private mutating func pick(_ horizontal: Axis, _ vertical: Axis) {
    let columns = horizontal.nearest(width), rows = vertical.nearest(height)
    let source = values, stride = width * channels
    values = []
    values.reserveCapacity(columns.count * rows.count * channels)
    for row in rows {
      for column in columns {
        let place = row * stride + column * channels
        values.append(contentsOf: source[place..<place + channels])
      }
    }
    width = columns.count
    height = rows.count
  }
}

extension ByteResampling.Axis {
  fileprivate func nearest(_ length: Int) -> [Int] {
    let scale = (span.upperBound - span.lowerBound) / Double(size)
    var place = span.lowerBound + scale * 0.5
    var places: [Int] = []
    for index in 0..<kept.upperBound {
      if index >= kept.lowerBound { places.append(min(max(Int(place), 0), length - 1)) }
      place += scale
    }
    return places
  }
}

extension ResamplingFilter {
  fileprivate func fixedTaps(_ axis: ByteResampling.Axis, length: Int) -> FilterTaps<Int> {
    taps(length: length, span: axis.span, size: axis.size, kept: axis.kept).map { weight in
      Int((weight * 4_194_304).rounded(.toNearestOrAwayFromZero))
    }
  }
}

extension FilterTaps {
  /// The part of a source that the results are made of.
  fileprivate func reach(length: Int) -> Range<Int> {
    var low = length, high = 0
    for index in 0..<count {
      low = min(low, starts[index])
      high = max(high, starts[index] + offsets[index + 1] - offsets[index])
    }
    return low < high ? low..<high : 0..<length
  }
}

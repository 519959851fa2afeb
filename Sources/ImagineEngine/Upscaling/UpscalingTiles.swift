/// Windows of one size over a picture, which overlap, and what each counts where they do.
///
/// A network that makes pictures larger sees further than any overlap that would be worth its time, but hardly: in an ESRGAN
/// of full size with random weights, what a window does not see changes its values by half of their deviation at its edge, by
/// a fiftieth 4 pixels inside, and by less than a thousandth 8 pixels inside. So of an overlap the outer thirds are left out,
/// and over the middle one window's values go over into the next one's, along a straight line.
struct UpscalingTiles {
  /// The windows along one axis.
  struct Axis: Hashable {
    let extent: Int
    let window: Int
    let starts: [Int]

    /// - Parameters:
    ///   - extent: of the picture, a multiple of `multiple`.
    ///   - longest: of a window.
    ///   - overlap: of two windows at least, on each of their sides.
    init(extent: Int, longest: Int, overlap: Int, multiple: Int) {
      self.extent = extent
      let longest = max(longest / multiple, 1) * multiple
      guard extent > longest else {
        (window, starts) = (extent, [0])
        return
      }
      // No more windows than are needed, and these no longer than they have to be.
      let shared = min(2 * overlap, longest / 2 / multiple * multiple), step = max(longest - shared, multiple)
      let count = (extent - shared + step - 1) / step
      let even = (extent + (count - 1) * shared + count - 1) / count
      let window = min((even + multiple - 1) / multiple * multiple, longest)
      self.window = window
      starts = (0..<count).map { index in
        count == 1 ? 0 : index * (extent - window) / (count - 1) / multiple * multiple
      }
    }

    /// What the values of a window count at each of its positions, `scale` of them for each of the picture's.
    func weights(_ index: Int, scale: Int) -> [Float] {
      let start = starts[index]
      func ramp(_ position: Int, from first: Int, to end: Int) -> Float {
        guard end > first else { return 1 }
        // The middle of the position, in halves.
        let share = Float(2 * (position - first * scale) + 1) / Float(2 * (end - first) * scale)
        return min(max(share, 0), 1)
      }
      return (0..<window * scale).map { position in
        let place = start * scale + position
        var weight: Float = 1
        if index > 0 {
          let (first, end) = blended(index - 1)
          weight = min(weight, ramp(place, from: first, to: end))
        }
        if index + 1 < starts.count {
          let (first, end) = blended(index)
          weight = min(weight, 1 - ramp(place, from: first, to: end))
        }
        return weight
      }
    }

    /// Where a window goes over into the next one.
    private func blended(_ index: Int) -> (first: Int, end: Int) {
      let first = starts[index + 1], end = starts[index] + window, left = (end - first) / 3
      return (first + left, end - left)
    }
  }

  let rows: Axis, columns: Axis

  var count: Int { rows.starts.count * columns.starts.count }

  init(height: Int, width: Int, longest: Int, overlap: Int, multiple: Int) {
    rows = Axis(extent: height, longest: longest, overlap: overlap, multiple: multiple)
    columns = Axis(extent: width, longest: longest, overlap: overlap, multiple: multiple)
  }
}

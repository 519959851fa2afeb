extension RGBImage {
  /// White edges on black, to the bit those of OpenCV's `Canny` with a Sobel kernel of 3 and its sum of absolute
  /// gradients.
  ///
  /// Of the three channels, each pixel takes the gradient of the strongest. An edge is where the gradient is the
  /// strongest across it and above `low`, if it is connected to a place above `high`.
  func cannyEdges(low: Double, high: Double) throws(ImageError) -> RGBImage {
    var edges = CannyEdges(self, low: Int(min(low, high).rounded(.down)), high: Int(max(low, high).rounded(.down)))
    edges.follow()
    return try grey(edges.marks.map { $0 == .edge ? 255 : 0 })
  }
}

private struct CannyEdges {
  enum Mark {
    case none
    /// An edge if it is connected to one.
    case candidate
    case edge
  }

  private let width: Int
  private let height: Int
  private(set) var marks: [Mark]
  /// Edges whose neighbours are still to be looked at.
  private var open: [Int] = []

  init(_ image: RGBImage, low: Int, high: Int) {
    (width, height) = (image.width, image.height)
    marks = [Mark](repeating: .none, count: width * height)
    let gradients = SobelGradients(image)
    func strength(_ x: Int, _ y: Int) -> Int {
      x >= 0 && y >= 0 && x < image.width && y < image.height ? gradients.strength[y * image.width + x] : 0
    }
    for y in 0..<height {
      for x in 0..<width {
        let index = y * width + x, own = gradients.strength[index]
        guard own > low else { continue }
        let dx = gradients.dx[index], dy = gradients.dy[index]
        // The direction in four sectors: the tangent of 22.5 degrees with 15 bits behind the point, as there.
        let steep = abs(dy) << 15, flat = abs(dx) * 13573
        let isStrongest: Bool
        if steep < flat {
          isStrongest = own > strength(x - 1, y) && own >= strength(x + 1, y)
        } else if steep > flat + abs(dx) << 16 {
          isStrongest = own > strength(x, y - 1) && own >= strength(x, y + 1)
        } else {
          let side = (dx < 0) != (dy < 0) ? -1 : 1
          isStrongest = own > strength(x - side, y - 1) && own > strength(x + side, y + 1)
        }
        guard isStrongest else { continue }
        marks[index] = own > high ? .edge : .candidate
        if own > high { open.append(index) }
      }
    }
  }

  /// Makes edges of all candidates that are connected to one.
  mutating func follow() {
    while let index = open.popLast() {
      let x = index % width, y = index / width
      for row in max(y - 1, 0)...min(y + 1, height - 1) {
        for column in max(x - 1, 0)...min(x + 1, width - 1) where marks[row * width + column] == .candidate {
          marks[row * width + column] = .edge
          open.append(row * width + column)
        }
      }
    }
  }
}

/// Sobel's gradients of each pixel's strongest channel; edges go on.
private struct SobelGradients {
  var dx: [Int], dy: [Int], strength: [Int]

  init(_ image: RGBImage) {
    let count = image.width * image.height
    dx = [Int](repeating: 0, count: count)
    dy = dx
    strength = dx
    for y in 0..<image.height {
      let above = max(y - 1, 0) * image.width, same = y * image.width
      let below = min(y + 1, image.height - 1) * image.width
      for x in 0..<image.width {
        let left = max(x - 1, 0), right = min(x + 1, image.width - 1), index = same + x
        for channel in 0..<3 {
          func value(_ row: Int, _ column: Int) -> Int { Int(image.pixels[3 * (row + column) + channel]) }
          let corners = (
            value(above, left), value(above, right), value(below, left), value(below, right)
          )
          let across = corners.1 + 2 * value(same, right) + corners.3 - corners.0 - 2 * value(same, left) - corners.2
          let down = corners.2 + 2 * value(below, x) + corners.3 - corners.0 - 2 * value(above, x) - corners.1
          // The first of equals.
          if channel == 0 || abs(across) + abs(down) > strength[index] {
            (dx[index], dy[index], strength[index]) = (across, down, abs(across) + abs(down))
          }
        }
      }
    }
  }
}

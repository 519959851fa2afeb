import Imagine

/// What there is to see of a request that a pipeline has filled in.
extension GenerationRequest {
  var pictureSize: Size { size ?? Size(width: 0, height: 0) }
  /// In both passes, if there are two.
  var stepCount: Int { (steps ?? 0) + (hires.map { $0.steps ?? steps ?? 0 } ?? 0) }

  /// Sets those of its sides that are given; the other one is as before, or goes with the picture to be changed.
  ///
  /// - Parameter usual: the model's own size.
  mutating func resize(width: Int?, height: Int?, usual: Size) {
    guard width != nil || height != nil else { return }
    let own = initialImage?.picture.size
    func other(_ side: Int, _ one: KeyPath<Size, Int>, _ other: KeyPath<Size, Int>) -> Int {
      guard let own, size == nil else { return (size ?? usual)[keyPath: other] }
      let length = Double(own[keyPath: other]) * Double(side) / Double(own[keyPath: one])
      return max(Int((min(length, 1e6) / 8).rounded()) * 8, 8)
    }
    size = Size(
      width: width ?? other(height ?? 0, \.height, \.width), height: height ?? other(width ?? 0, \.width, \.height))
  }
}

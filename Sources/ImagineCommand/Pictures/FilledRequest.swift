import Imagine

/// What there is to see of a request that a pipeline has filled in.
extension GenerationRequest {
  var pictureSize: Size { size ?? Size(width: 0, height: 0) }
  var stepCount: Int { steps ?? 0 }

  /// Sets those of its sides that are given.
  mutating func resize(width: Int?, height: Int?) {
    size = Size(width: width ?? pictureSize.width, height: height ?? pictureSize.height)
  }
}

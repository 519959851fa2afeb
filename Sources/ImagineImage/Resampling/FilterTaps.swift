/// Along one axis, which values of the source make each value of the result, and with what weights.
struct FilterTaps<Weight> {
  /// The first value of the source that counts for each of the result.
  var starts: [Int] = []
  /// Where the weights of each begin; the last is where all end.
  var offsets: [Int] = [0]
  var weights: [Weight] = []

  var count: Int { starts.count }

  mutating func append(start: Int, _ weights: some Sequence<Weight>) {
    starts.append(start)
    self.weights.append(contentsOf: weights)
    offsets.append(self.weights.count)
  }

  func map<Other>(_ transform: (Weight) -> Other) -> FilterTaps<Other> {
    var taps = FilterTaps<Other>()
    taps.starts = starts
    taps.offsets = offsets
    taps.weights = weights.map(transform)
    return taps
  }
}

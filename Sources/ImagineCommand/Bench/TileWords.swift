import ImagineBenchmark

/// What is said of the processor's tile registers beside a figure: figures of one machine differ by their state.
extension TileState {
  /// Such as `tile products take 7.1 ns: the fast state`.
  var sentence: String {
    "tile products take \(nanoseconds): "
      + (isSlow
        ? "the slow state of a shared core; the fastest run says more than the median" : "the fast state")
  }

  private var nanoseconds: String { Quantity.nanoseconds(productSeconds) }

  /// What is said of many figures together; nil where there is nothing to say.
  static func summary(_ states: [TileState]) -> String? {
    guard let slowest = states.max(by: { $0.productSeconds < $1.productSeconds }) else { return nil }
    let slow = states.count(where: \.isSlow)
    guard slow > 0 else { return slowest.sentence }
    return
      "tile products take up to \(slowest.nanoseconds): beside \(slow) of \(states.count) figures, the slow state of a "
      + "shared core"
  }
}

/// Several measurements of one thing, in seconds.
package struct Timing: Sendable, Hashable, Encodable {
  package let median: Double
  package let fastest: Double
  /// How many there were.
  package let runs: Int

  package init(_ seconds: [Double]) {
    let sorted = seconds.sorted(), middle = sorted.count / 2
    runs = sorted.count
    fastest = sorted.first ?? .nan
    median =
      if sorted.isEmpty { .nan } else if sorted.count % 2 == 1 { sorted[middle] } else {
        (sorted[middle - 1] + sorted[middle]) / 2
      }
  }

  /// Seconds that a slow device may take for one thing before the repeats are cut short.
  package static let patience = 20.0

  /// Whether one more measurement is to be made.
  package static func isNotEnough(_ seconds: [Double], of repeats: Int, patience: Double = patience) -> Bool {
    seconds.isEmpty || seconds.count < repeats && seconds.reduce(0, +) < patience
  }

  /// Runs `body` once for nothing, then measures it.
  package init(repeats: Int, patience: Double = patience, _ body: () throws -> Void) throws {
    try body()
    var seconds: [Double] = []
    while Self.isNotEnough(seconds, of: repeats, patience: patience) {
      try Task.checkCancellation()
      seconds.append(try ContinuousClock().measure(body) / .seconds(1))
    }
    self.init(seconds)
  }
}

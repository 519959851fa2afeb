/// A way to compute something, to be timed.
struct TuningCandidate {
  /// For people to read.
  let words: String
  /// Products that a core adds meanwhile, as far as that can be reckoned: only their order of size matters.
  let expectedSums: Double
  /// Of its n-th run in a row.
  let dispatches: (_ run: Int) throws -> [Dispatch]
  /// Makes it the choice.
  let keep: (inout TuningTable) -> Void
}

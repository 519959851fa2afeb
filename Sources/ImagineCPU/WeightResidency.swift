/// Which of a plan's weights stay in memory, and which pass through it at each use.
///
/// Every weight that passes at each run costs the same time for each byte, so that as many bytes stay as there is room
/// for. Those that only steady operations read pass once for many runs, and stay where others leave room. What passes
/// needs room too, twice its size: as it is read and as it is packed. So the largest weights are best kept, until what
/// room is left is enough for the largest of the others to pass.
struct WeightResidency: Equatable {
  struct Weight {
    /// Bytes in the form that its operation reads.
    let packedBytes: Int
    /// Bytes as it is read.
    let plainBytes: Int
    /// Whether its readers ask for it anew whenever they are computed.
    let mayPass: Bool
    /// Whether these are steady, so that this is seldom.
    var isSteady = false
  }

  /// Below this size, weights are kept whatever the room: they are many and hold little.
  static let smallBytes = 1 << 16
  /// Weights that pass are read several at once, on several threads, if they are no larger than this together.
  static let batchBytes = 1 << 22

  /// Indices of the weights that stay.
  private(set) var kept: Set<Int>
  /// Packed bytes that pass at once at most; 0 if all weights stay.
  private(set) var batchBytes = 0
  /// The same with the bytes as read.
  private(set) var passingBytes = 0

  /// - Parameter room: bytes for weights, those that pass included; nil keeps all.
  init(_ weights: [Weight], room: Int?) {
    kept = Set(weights.indices)
    guard let room, weights.reduce(0, { $0 + $1.packedBytes }) > room else { return }
    let candidates = weights.indices.filter { weights[$0].mayPass && weights[$0].packedBytes >= Self.smallBytes }
      .sorted { (weights[$0].packedBytes, $1) > (weights[$1].packedBytes, $0) }
    guard !candidates.isEmpty else { return }
    kept.subtract(candidates)
    let always = kept.reduce(0) { $0 + weights[$1].packedBytes }

    var best: (bytes: Int, choice: Choice)?
    for largestKept in candidates.indices {
      let choice = Choice(weights, candidates, keeping: largestKept, room: room - always)
      if choice.sparedBytes > best?.bytes ?? -1 { best = (choice.sparedBytes, choice) }
      if choice.isTooLarge { break }
    }
    guard let choice = best?.choice else { return }
    kept.formUnion(choice.kept)
    (batchBytes, passingBytes) = (choice.batchBytes, choice.passingBytes)
  }

  /// The largest weights and whatever else there is room for beside those that pass.
  private struct Choice {
    private(set) var kept: [Int]
    private(set) var keptBytes: Int
    /// Those of them that would pass at each run; less than 0 for no choice at all.
    private(set) var sparedBytes: Int
    let batchBytes: Int, passingBytes: Int
    let isTooLarge: Bool

    /// - Parameter count: of the candidates, largest first, that are kept before all.
    init(_ weights: [Weight], _ candidates: [Int], keeping count: Int, room: Int) {
      kept = Array(candidates.prefix(count))
      keptBytes = kept.reduce(0) { $0 + weights[$1].packedBytes }
      sparedBytes = kept.reduce(0) { weights[$1].isSteady ? $0 : $0 + weights[$1].packedBytes }
      let rest = candidates.dropFirst(count)
      let widest = rest.map { weights[$0].plainBytes }.max() ?? 0
      batchBytes = max(rest.first.map { weights[$0].packedBytes } ?? 0, WeightResidency.batchBytes)
      passingBytes = batchBytes + max(widest, WeightResidency.batchBytes)
      isTooLarge = keptBytes + passingBytes > room
      guard !isTooLarge else {
        // Only where nothing else is possible: what has to pass passes, whatever the room.
        if count > 0 { sparedBytes = -1 }
        return
      }
      let inTurn = rest.filter { !weights[$0].isSteady } + rest.filter { weights[$0].isSteady }
      for index in inTurn where keptBytes + weights[index].packedBytes + passingBytes <= room {
        kept.append(index)
        keptBytes += weights[index].packedBytes
        if !weights[index].isSteady { sparedBytes += weights[index].packedBytes }
      }
    }
  }
}

import Testing

@testable import ImagineCPU

@Suite struct WeightResidencyTests {
  private static let megabyte = 1 << 20

  /// Weights of so many megabytes each, with plain copies as large, and a vector after each.
  private func weights(_ megabytes: [Int]) -> [WeightResidency.Weight] {
    megabytes.flatMap { size in
      [
        WeightResidency.Weight(
          packedBytes: size * Self.megabyte, plainBytes: size * Self.megabyte, mayPass: true),
        WeightResidency.Weight(packedBytes: 1000, plainBytes: 0, mayPass: false),
      ]
    }
  }

  private func keptBytes(_ residency: WeightResidency, _ weights: [WeightResidency.Weight]) -> Int {
    residency.kept.reduce(0) { $0 + weights[$1].packedBytes }
  }

  @Test func allStayWhereThereIsRoom() {
    let weights = weights([10, 20, 30])
    for room in [nil, 61 * Self.megabyte] {
      let residency = WeightResidency(weights, room: room)
      #expect(residency.kept == Set(weights.indices))
      #expect(residency.passingBytes == 0)
    }
  }

  @Test func whatStaysAndWhatPassesFitTheRoom() {
    let weights = weights([5, 60, 7, 40, 60, 3, 24, 24, 40, 60, 1, 12])
    for room in stride(from: 135, through: 330, by: 15) {
      let residency = WeightResidency(weights, room: room * Self.megabyte)
      #expect(keptBytes(residency, weights) + residency.passingBytes <= room * Self.megabyte)
      for index in weights.indices where !residency.kept.contains(index) {
        #expect(weights[index].mayPass && weights[index].packedBytes <= residency.batchBytes)
      }
      #expect(residency == WeightResidency(weights, room: room * Self.megabyte))
    }
  }

  /// Keeping the three of 60 leaves 40 and 40 to pass; keeping the small ones instead, 60 and 60 would have to.
  @Test func theLargestStayFirst() {
    let weights = weights([5, 60, 7, 40, 60, 3, 24, 24, 40, 60, 1, 12])
    let residency = WeightResidency(weights, room: 265 * Self.megabyte)
    for index in weights.indices where weights[index].packedBytes == 60 * Self.megabyte {
      #expect(residency.kept.contains(index))
    }
    #expect(residency.batchBytes == 40 * Self.megabyte)
  }

  @Test("What is read once for many runs passes before what each run reads") func seldomRead() {
    func kept(_ steady: Set<Int>, room: Int) -> Set<Int> {
      let weights = [30, 20, 12, 20, 12, 10].enumerated().map { index, size in
        WeightResidency.Weight(
          packedBytes: size * Self.megabyte, plainBytes: size * Self.megabyte, mayPass: true,
          isSteady: steady.contains(index))
      }
      return WeightResidency(weights, room: room * Self.megabyte).kept
    }
    // The largest passes through 60, and beside it is room for all that is not steady.
    #expect(kept([0, 1, 3], room: 100) == [2, 4, 5])
    #expect(kept([], room: 100) == [0, 1, 3])
    // With more room they stay as well.
    #expect(kept([0, 1, 3], room: 200) == [0, 1, 2, 3, 4, 5])
  }

  @Test func withoutAnyRoomOnlyWhatCannotPassStays() {
    let weights = weights([10, 20])
    let residency = WeightResidency(weights, room: 0)
    #expect(residency.kept == [1, 3])
    #expect(residency.batchBytes == 20 * Self.megabyte)
  }
}

import CKernels
import ImagineGraph
import Testing

@testable import ImagineCPU

@Suite struct ResidentTilesTests {
  /// Each of two tiles times each of two others, so many times, added up one number after the other.
  private func plainSums(_ tiles: ResidentTiles, rounds: Int) -> [Float] {
    let numbers = tiles.elements.map { Float(bitPattern: UInt32($0) << 16) }
    return (0..<4).flatMap { product in
      (0..<256).map { element in
        let row = product / 2 * 512 + element / 16 * 32, column = 1024 + product % 2 * 512 + element % 16 * 2
        return Float(rounds)
          * (0..<32).reduce(Float(0)) { $0 + numbers[row + $1] * numbers[column + $1 / 2 * 32 + $1 % 2] }
      }
    }
  }

  @Test("The loop that is timed computes products, wherever there are tiles", arguments: InstructionSet.all)
  func sums(_ set: InstructionSet) throws {
    for threads: UInt32 in [1, 3] {
      try set.withDevice(threads: threads) { device in
        let result = ResidentTiles.random.multiplied(on: device, rounds: 3, passes: 4)
        guard ck_has_tiles(device) else {
          #expect(result == nil)
          return
        }
        let (sums, seconds) = try #require(result)
        for (sum, plain) in zip(sums, plainSums(.random, rounds: 3)) { #expect(abs(sum - plain) < 1e-4) }
        #expect(seconds.count == Int(threads) && seconds.allSatisfy { $0 > 0 })
      }
    }
  }

  @Test("Numbers that are multiplied are random: with others the clock would be another one")
  func numbers() {
    let numbers = ResidentTiles.random.elements.map { Float(bitPattern: UInt32($0) << 16) }
    #expect(numbers.count == 2048 && numbers.allSatisfy { abs($0) < 0.201 })
    #expect(Set(numbers).count > 500)
    #expect(abs(numbers.reduce(0, +) / 2048) < 0.01)
  }

  @Test("There is a time only where there are tile registers in hardware")
  func time() throws {
    let software = try CPUBackend(threads: 1, features: CPUFeatures.available.union(.softwareTiles))
    #expect((software.tileProductSeconds() != nil) == CPUFeatures.available.contains(.amxBFloat16))
    #expect(try CPUBackend(threads: 1, features: .softwareTiles).tileProductSeconds() == nil)
  }
}

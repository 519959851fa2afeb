import Testing

@testable import ImagineSampling

@Suite("Brownian paths")
struct BrownianTests {
  private struct Golden: Decodable {
    struct Words: Decodable {
      let entropy: String
      let spawnKey: [String]
      let words: [UInt32]
    }
    struct Path: Decodable {
      let seed: UInt64
      let count: Int
      let sigmas: [Float]
      let noise: [[Float]]
    }
    let words: [Words]
    let paths: [Path]
  }

  @Test("Seeds of a tree's nodes are numpy's words")
  func words() throws {
    for golden in try Goldens.load("brownian", as: Golden.self).words {
      let sequence = SeedSequence(
        entropy: try #require(UInt64(golden.entropy)), spawnKey: golden.spawnKey.compactMap(UInt64.init))
      #expect(sequence.state(4) == golden.words)
    }
  }

  @Test("Noise of steps equals torchsde's")
  func paths() throws {
    for golden in try Goldens.load("brownian", as: Golden.self).paths {
      let levels = golden.sigmas.filter { $0 > 0 }
      var path = BrownianPath(
        stream: .cpu, seed: golden.seed, count: golden.count, low: levels.min() ?? 0, high: levels.max() ?? 0)
      for (index, expected) in golden.noise.enumerated() {
        let noise = path.noise(from: golden.sigmas[index], to: golden.sigmas[index + 1])
        expectClose(Array(noise.suffix(4)), expected, absolute: 1e-5, "seed \(golden.seed), step \(index)")
      }
    }
  }

  @Test("A path says the same whatever it was asked before, and parts add up", arguments: RandomStream.allCases)
  func consistency(stream: RandomStream) {
    func fresh() -> BrownianPath { BrownianPath(stream: stream, seed: 9, count: 64, low: 0.03, high: 14.6) }
    var (path, other) = (fresh(), fresh())
    _ = other.noise(from: 3, to: 0.5)
    #expect(path.noise(from: 7, to: 2) == other.noise(from: 7, to: 2))
    // Increments are what adds up: noise times the root of the width.
    let (whole, upper, lower) = (path.noise(from: 8, to: 2), path.noise(from: 8, to: 5), path.noise(from: 5, to: 2))
    expectClose(
      weightedSum(Float(3).squareRoot(), upper, Float(3).squareRoot(), lower), scaled(whole, by: Float(6).squareRoot()),
      absolute: 1e-4)
    #expect(path.noise(from: 1, to: 1) == [Float](repeating: 0, count: 64))
    // Outside its ends nothing happens.
    #expect(path.noise(from: 100, to: 50).allSatisfy { $0 == 0 })
  }

  @Test("Noise of a path has unit variance, and that of steps is independent")
  func distribution() {
    var path = BrownianPath(stream: .cpu, seed: 3, count: 4096, low: 0.03, high: 14.6)
    let (first, second) = (path.noise(from: 14.6, to: 7), path.noise(from: 7, to: 1.5))
    let squares = zip(first, second).reduce((0, 0, 0) as (Float, Float, Float)) {
      ($0.0 + $1.0 * $1.0, $0.1 + $1.1 * $1.1, $0.2 + $1.0 * $1.1)
    }
    #expect(abs(squares.0 / 4096 - 1) < 0.1 && abs(squares.1 / 4096 - 1) < 0.1 && abs(squares.2 / 4096) < 0.06)
  }
}

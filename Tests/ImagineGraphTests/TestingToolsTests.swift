import ImagineGraph
import ImagineTesting
import Testing

/// The instruments themselves.
@Suite struct TestingToolsTests {
  @Test func comparisonMeasures() {
    let comparison = Comparison([3, 4.5, 0], [3, 4, 0])
    #expect(comparison.normalisedMeanSquaredError == 0.01)
    #expect(comparison.relativeL2 == 0.1)
    #expect(comparison.maxAbsolute == 0.5 && comparison.worstIndex == 1 && comparison.peak == 4)
  }

  @Test func nothingWrongPasses() {
    let expected = HostTensor([2], [3.0, 4]), tolerance = Tolerance(.float32)
    #expect(expected.mismatch(with: expected, tolerance) == nil)
    #expect(HostTensor([2], [0, 0] as [Float]).mismatch(with: HostTensor([2], [0, 0] as [Float]), tolerance) == nil)
    for wrong: [Float] in [[3, .nan], [.infinity, 4], [3, 4.001], [4, 3], [0, 0]] {
      #expect(HostTensor([2], wrong).mismatch(with: expected, tolerance) != nil)
    }
    #expect(HostTensor([1, 2], [3, 4] as [Float]).mismatch(with: expected, tolerance) != nil)
    #expect(HostTensor([2], [3, 4] as [Int32]).mismatch(with: expected, tolerance) != nil)
    #expect(
      HostTensor([2], [1e-20, 0] as [Float]).mismatch(with: HostTensor([2], [0, 0] as [Float]), tolerance) != nil)
  }

  @Test(arguments: Precision.all) func oneWrongElementAmongManyShows(precision: Precision) {
    let expected = Distribution.normal().tensor(TensorType([1000, 1000], .float32), seed: "many")
    var floats = expected.floats
    floats[123_456] += 1
    #expect(HostTensor(expected.shape, floats).mismatch(with: expected, Tolerance(precision)) != nil)
  }

  @Test func distributionsAreWhatTheySay() {
    let type = TensorType([100, 100], .float32)
    let normal = Distribution.normal(mean: 100, deviation: 2).tensor(type, seed: "a").floats
    let mean = normal.reduce(0.0) { $0 + Double($1) } / 1e4
    let variance = normal.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / 1e4
    #expect(abs(mean - 100) < 0.1 && abs(variance - 4) < 0.3)
    let uniform = Distribution.uniform(-80...80).tensor(type, seed: "a").floats
    #expect(uniform.allSatisfy { (-80...80).contains($0) } && uniform.contains { $0 > 79 })
    let tokens = Distribution.tokens(below: 7).tensor(TensorType([1, 30], .int32), seed: "a")
    #expect(tokens.elementType == .int32 && Set(tokens.floats) == [0, 1, 2, 3, 4, 5, 6])
    #expect(tokens.floats.suffix(2) == [6, 0])
  }

  @Test func weightsDependOnTheirNamesAlone() throws {
    let shape: Shape = [4, 25]
    #expect(RandomWeights.values("a.weight", shape) == RandomWeights.values("a.weight", shape))
    #expect(RandomWeights.values("a.weight", shape) != RandomWeights.values("b.weight", shape))
    // Pinned, since goldens may depend on it.
    #expect(RandomWeights.values("a.weight", shape)[0] == 0.17809057)
    let weights = RandomWeights([("a.weight", TensorType(shape, .float32))])
    var bits = [UInt16](repeating: 0, count: 100)
    try bits.withUnsafeMutableBytes { try weights.read("a.weight", as: .bfloat16, into: $0) }
    #expect(bits.map(BFloat16.float) == RandomWeights.values("a.weight", shape).map(BFloat16.rounded))
    #expect(throws: WeightError.self) {
      try bits.withUnsafeMutableBytes { try weights.read("a.weight", as: .float32, into: $0) }
    }
    #expect(throws: WeightError.self) {
      try bits.withUnsafeMutableBytes { try weights.read("c.weight", as: .bfloat16, into: $0) }
    }
  }
}

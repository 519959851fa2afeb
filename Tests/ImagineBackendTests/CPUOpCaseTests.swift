import ImagineCPU
import ImagineGraph
import ImagineTesting
import Testing

/// The processor does not compute in float16.
private let casesForProcessors = (OpCase.forThisBuild + OpCase.undecomposed).filter { $0.precision != .float16 }

@Suite struct CPUOpCaseTests {
  @Test("CPU agrees with the reference", arguments: casesForProcessors)
  func agreesWithReference(_ opCase: OpCase) throws {
    let expected = try opCase.expectedResults()
    let tolerance = Tolerance(opCase.precision)
    #expect(!CPUConfiguration.all.isEmpty)
    for configuration in CPUConfiguration.all {
      let backend = configuration.backend
      let graph = try opCase.graph()
      let plan = try backend.preparedPlan(graph, weights: backend.upload(opCase.weights(for: graph), for: graph))
      let inputs = opCase.inputs(for: graph)
      let results = try plan.runInPoisonedMemory(inputs)
      try #require(results.count == expected.count)
      for (result, expected) in zip(results, expected) {
        #expect(result.mismatch(with: expected, tolerance) == nil, "\(configuration.name)")
      }
      #expect(try plan.run(inputs) == results, "a second run differs: \(configuration.name)")
    }
  }

  @Test("Results do not depend on the number of threads", arguments: casesForProcessors)
  func sameForAnyThreads(_ opCase: OpCase) throws {
    for products in [CPUProducts.kernels, .winograd] {
      let results = try [1, 2, 3].map { try opCase.results(on: try CPUBackend(threads: $0, products: products)) }
      #expect(results[1] == results[0], "\(products)")
      #expect(results[2] == results[0], "\(products)")
    }
  }

  @Test func float16IsRefusedInWords() throws {
    let opCase = try #require(OpCase.small.first { $0.precision == .float16 })
    #expect { try opCase.results(on: try CPUBackend()) } throws: { "\($0)".contains("use bfloat16 or float32") }
  }
}

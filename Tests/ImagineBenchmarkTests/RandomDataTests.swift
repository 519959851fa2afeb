import ImagineEngine
import ImagineGraph
import ImagineModels
import ImagineTesting
import Testing

@testable import Imagine
@testable import ImagineBenchmark

/// What is measured runs on random numbers: processors compute faster with constant ones than they ever do in models.
@Suite struct RandomDataTests {
  private func isRandom(_ values: [Float]) -> Bool {
    let mean = values.reduce(0, +) / Float(values.count)
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(values.count)).squareRoot()
    return values.allSatisfy(\.isFinite) && deviation > 0
      && values.count { abs($0 - mean) > deviation / 4 } > values.count / 3
      && Set(values).count > min(values.count, 200) / 2
  }

  /// What goes into products.
  private func check(_ graph: Graph, _ inputs: [String: HostTensor], _ weights: any WeightSource) throws {
    for (name, tensor) in inputs where tensor.elementType != .int32 && tensor.shape.count > 100 {
      #expect(isRandom(tensor.floats), "\(name)")
    }
    for parameter in graph.parameters where parameter.type.shape.rank > 1 && parameter.type.shape.count > 100 {
      let values = try HostTensor.filled(parameter.type.shape) {
        try weights.read(parameter.path, as: .float32, into: $0)
      }
      #expect(isRandom(values), "\(parameter.path)")
    }
  }

  @Test("Networks have random weights and inputs, and give random results")
  func networks() throws {
    let opened = try OpenedModel(synthetic: .miniature, name: "mini")
    let backend = try OpenedDevice(Engine.Options(device: .cpu, threads: 1).settings).backend
    let stages = try opened.stages(Set(Benchmark.Part.allCases), Size(width: 64, height: 64), prompts: 2, .float32)
    #expect(stages.count == 3)
    for stage in stages {
      try check(stage.graph, stage.inputs, opened.weights)
      let plan = try backend.plan(stage.graph, weights: backend.upload(opened.weights, for: stage.graph))
      for result in try plan.run(stage.inputs) where result.shape.count > 100 {
        #expect(isRandom(result.floats), "\(stage.name)")
      }
    }
  }

  @Test("So have single operations and copies")
  func operations() throws {
    let backend = try OpenedDevice(Engine.Options(device: .cpu, threads: 1).settings).backend
    let small = try ModelOperation.stableDiffusion15(on: backend, .float32).filter {
      $0.name.contains("[2, 8, 8, 1280]")
    }
    #expect(!small.isEmpty)
    for operation in try small.map({ try $0.timed(.float32) }) {
      try check(operation.graph, operation.inputs, operation.weights)
    }
    for copy in LargeCopy.allCases {
      let timed = try copy.timed(.float32)
      #expect(timed.count == nil && timed.name.hasPrefix("copy \(copy)"))
      let bytes = timed.graph.cost.bytes
      #expect(bytes >= 2 * 4 * 4096 * 8192, "more than caches hold")
      for (name, input) in timed.inputs { #expect(isRandom(Array(input.floats.prefix(10_000))), "\(copy) \(name)") }
    }
  }

  @Test("So has what the ceiling is measured with, after all repetitions", arguments: Probe.allCases)
  func ceiling(_ probe: Probe) throws {
    let builder = GraphBuilder(precision: .float32)
    let graph = try builder.finish([probe.result(side: 256, builder)]), weights = SyntheticWeights(graph)
    try check(graph, [:], weights)
    let backend = try OpenedDevice(Engine.Options(device: .cpu, threads: 1).settings).backend
    let result = try backend.plan(graph, weights: backend.upload(weights, for: graph)).run([:])
    #expect(isRandom(try #require(result.first).floats))
  }
}

extension HostTensor {
  fileprivate static func filled(_ shape: Shape, _ fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows
    -> [Float]
  {
    var values = [Float](repeating: 0, count: shape.count)
    try values.withUnsafeMutableBytes { try fill($0) }
    return values
  }
}

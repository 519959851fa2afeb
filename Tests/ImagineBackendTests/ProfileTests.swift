import ImagineCPU
import ImagineGraph
import ImagineTesting
import ImagineVulkan
import Testing

/// What every profile has to be, whatever computes.
private func check(_ plan: any Plan, of opCase: OpCase, on backend: any Backend) throws {
  let graph = try opCase.graph(), inputs = opCase.inputs(for: graph)
  let results = try plan.run(inputs)
  for _ in 0..<2 {
    let profile = try plan.profile(inputs)
    #expect(profile.results == results)
    let optimized = try graph.optimized(for: backend.supports)
    // A slice that is a view takes no time.
    let expected = optimized.ids.filter { optimized.cost(of: $0).bytes > 0 && optimized[$0].op.name != "slice" }
    let timings = profile.timings.filter { $0.op != "input" && $0.op != "slice" }
    #expect(timings.map(\.op) == expected.map { optimized[$0].op.name })
    #expect(timings.map(\.scope) == expected.map { optimized[$0].scope })
    #expect(timings.map(\.cost) == expected.map { optimized.cost(of: $0) })
    #expect(timings.allSatisfy { $0.duration >= .zero })
    #expect(timings.reduce(.zero) { $0 + $1.duration } > .zero)
  }
  // A profile leaves the plan as it was.
  #expect(try plan.run(inputs) == results)
}

private let blocks = OpCase.blockCases.filter { $0.precision == .float32 && $0.cost == .small }

@Suite struct CPUProfileTests {
  @Test("Each operation that does something is timed, and the results are a run's", arguments: blocks)
  func timesOperations(_ opCase: OpCase) throws {
    let backend = try CPUBackend(threads: 1), graph = try opCase.graph()
    let plan = try backend.plan(graph, weights: backend.upload(opCase.weights(for: graph), for: graph))
    try check(plan, of: opCase, on: backend)
  }
}

@Suite(
  .enabled(if: VulkanTestDevice.backend != nil, "no Vulkan device (Debian: mesa-vulkan-drivers has one in software)"),
  .serialized)
struct VulkanProfileTests {
  @Test("Each operation that does something is timed, and the results are a run's", arguments: blocks)
  func timesOperations(_ opCase: OpCase) throws {
    let backend = try #require(VulkanTestDevice.backend), graph = try opCase.graph()
    let plan = try backend.plan(graph, weights: backend.upload(opCase.weights(for: graph), for: graph))
    try check(plan, of: opCase, on: backend)
    #expect(VulkanTestDevice.instance?.validationMessages == [])
  }
}

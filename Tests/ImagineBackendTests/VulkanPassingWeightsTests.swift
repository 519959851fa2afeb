import ImagineGraph
import ImagineTesting
import Testing

@testable import ImagineVulkan

/// Weights in the host's memory, which come to the device as they are used.
@Suite("Weights that pass on Vulkan", .enabled(if: VulkanTestDevice.backend != nil, "no Vulkan"), .serialized)
struct VulkanPassingWeightsTests {
  /// Large weights of every form, several at once, and some that only what is kept between runs hangs on: 42 MB, of which one
  /// operation uses 17 at most.
  private static func graph() throws -> Graph {
    let builder = GraphBuilder(), width = 512
    let x = builder.input("x", [1, 3, 3, width]), context = builder.input("context", [1, 8, 640], isSteady: true)
    func convolved(_ image: Tensor, _ name: String) -> Tensor {
      image.conv2d(
        Parameter(path: "\(name).weight", shape: [width, width, 3, 3]),
        bias: Parameter(path: "\(name).bias", shape: [width]), Convolution(stride: 1, padding: .init(1)))
    }
    func projected(_ tensor: Tensor, _ name: String, _ shape: Shape) -> Tensor {
      tensor.linear(Parameter(path: "\(name).weight", shape: shape), bias: nil)
    }
    let image = convolved(convolved(x, "conv").upsampledNearest(height: 6, width: 6), "up").reshaped([1, 36, width])
    let own = image.attention(
      keys: projected(image, "k1", [width, width]), values: projected(image, "v1", [width, width]), heads: 8)
    let attended = projected(own, "q", [width, width]).attention(
      keys: projected(context, "k", [width, 640]), values: projected(context, "v", [width, 640]), heads: 8)
    return try builder.finish([projected(attended, "gate", [2 * width, width]).geglu() + own])
  }

  private static func open(budget: Int?) throws -> VulkanBackend {
    var configuration = VulkanBackend.Configuration()
    configuration.limits = try #require(VulkanTestDevice.backend).device.allowed
    configuration.memoryBudget = budget
    configuration.hostMemoryIsApart = true
    return try VulkanBackend(in: try #require(VulkanTestDevice.instance), configuration)
  }

  private static func inputs(_ graph: Graph, _ seed: String) -> [String: HostTensor] {
    Dictionary(
      uniqueKeysWithValues: graph.inputs.map { ($0.name, Distribution.normal().tensor($0.type, seed: $0.name + seed)) })
  }

  @Test("The results of weights that stay, in the memory that there is", arguments: [48, 56, 68, 200])
  func results(megabytes: Int) throws {
    let graph = try Self.graph(), source = RandomWeights(graph.parameters), usual = try Self.open(budget: nil)
    let expected = try usual.plan(graph, weights: usual.upload(source, for: graph))
    let small = try Self.open(budget: megabytes << 20), passing = try #require(small.passingWeights)
    let weights = try #require(passing.upload(source, for: graph) as? VulkanWeights)
    let plan = try #require(passing.plan(graph, weights: weights) as? VulkanPlan)
    #expect(small.allocatedBytes <= megabytes << 20)
    // Two of 17 MB are kept free for what passes, where anything does.
    let passed = weights.passingBytes >> 20
    switch megabytes {
    case 48: #expect(passed >= 30)
    case 56: #expect(20..<40 ~= passed)
    case 68: #expect(5..<30 ~= passed)
    default: #expect(passed == 0)
    }
    for seed in ["a", "b", "b"] {
      let inputs = Self.inputs(graph, seed)
      #expect(try plan.run(inputs) == expected.run(inputs))
    }
    let inputs = Self.inputs(graph, "c")
    #expect(try plan.runInPoisonedMemory(inputs) == expected.run(inputs))
    #expect(VulkanTestDevice.instance?.validationMessages == [])
  }

  @Test("Without that, they have no room") func noRoom() throws {
    let graph = try Self.graph(), source = RandomWeights(graph.parameters), small = try Self.open(budget: 40 << 20)
    #expect { try small.plan(graph, weights: small.upload(source, for: graph)) } throws: {
      ($0 as? VulkanError)?.kind == .outOfMemory
    }
    #expect(small.allocatedBytes == 0)
    let tiny = try Self.open(budget: 20 << 20), passing = try #require(tiny.passingWeights)
    #expect { try passing.plan(graph, weights: passing.upload(source, for: graph)) } throws: {
      ($0 as? VulkanError)?.kind == .outOfMemory
    }
    #expect(tiny.allocatedBytes == 0)
  }

  @Test("Two plans share the places that weights come to") func twoPlans() throws {
    let graph = try Self.graph(), source = RandomWeights(graph.parameters), inputs = Self.inputs(graph, "a")
    let small = try Self.open(budget: 52 << 20), passing = try #require(small.passingWeights)
    let weights = try passing.upload(source, for: graph)
    let plans = try (0..<2).map { _ in try passing.plan(graph, weights: weights) }
    #expect(small.allocatedBytes <= 52 << 20)
    #expect(try plans[0].run(inputs) == plans[1].run(inputs))
    #expect(try plans[0].run(inputs) == plans[1].run(inputs))
  }

  @Test("Projections of the prompt, of which a model has hundreds, are not multiplied all at once") func joining()
    throws
  {
    let usual = try Self.open(budget: 1 << 30), passing = try #require(usual.passingWeights)
    func joins(_ backend: any Backend, _ count: Int) -> Bool {
      let weight = TensorType([1280, 2048], .float32), prompt = TensorType([2, 80, 2048], .float32)
      return backend.supports(
        .linears(count: count, bias: false), [prompt] + [TensorType](repeating: weight, count: count))
    }
    #expect(joins(usual, 6) && joins(passing, 6))
    #expect(joins(usual, 12) && !joins(passing, 12))
  }

  @Test("They are read anew in their places") func reload() throws {
    let graph = try Self.graph(), inputs = Self.inputs(graph, "a"), usual = try Self.open(budget: nil)
    func source(times factor: Float) -> HostWeights {
      HostWeights(
        Dictionary(
          uniqueKeysWithValues: graph.parameters.map { path, type in
            let values = RandomWeights.values(path, type.shape)
            return (
              path,
              HostTensor(type.shape, path.hasPrefix("q") || path.hasPrefix("up") ? values.map { $0 * factor } : values)
            )
          }))
    }
    let small = try Self.open(budget: 48 << 20), passing = try #require(small.passingWeights)
    let weights = try passing.upload(source(times: 1), for: graph)
    let plan = try passing.plan(graph, weights: weights), before = try plan.run(inputs)
    try weights.reload(["q.weight", "up.weight", "up.bias"], from: source(times: 1.5))
    let expected = try usual.plan(graph, weights: usual.upload(source(times: 1.5), for: graph)).run(inputs)
    #expect(try plan.run(inputs) == expected)
    #expect(before != expected)
  }

  @Test("Where both memories are one there is nothing to gain") func sharedMemory() throws {
    #expect(try #require(VulkanTestDevice.backend).passingWeights == nil)
  }

  @Test("What fetches goes ahead by one operation, and never into a place that is still read") func order() {
    func dispatch(_ name: String) -> Dispatch? {
      try? VulkanTestDevice.backend.map {
        let buffer = try DeviceBuffer(4, .device, for: "a test", on: $0.context.device)
        return Dispatch(name, [:], [], result: BufferSpan(buffer), constants: [], workgroups: (1, 1, 1))
      }
    }
    func dispatches(_ names: String...) -> [Dispatch] { names.compactMap(dispatch) }
    var list = DispatchList()
    list.append(dispatches("first"), fetching: [])
    list.append(dispatches("a", "a2"), fetching: dispatches("fetch a"))
    list.append(dispatches("between"), fetching: [])
    list.append(dispatches("b"), fetching: dispatches("fetch b"))
    list.append(dispatches("c"), fetching: dispatches("fetch c"))
    #expect(
      list.dispatches.map(\.kernel.name) == [
        "first", "fetch a", "fetch b", "a", "a2", "between", "fetch c", "b", "c",
      ])
  }
}

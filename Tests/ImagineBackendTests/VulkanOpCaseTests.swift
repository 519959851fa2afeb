import ImagineGraph
import ImagineTesting
import Testing

@testable import ImagineVulkan

/// The first device with Vulkan, under the validation layers where they are installed; a software driver will do.
enum VulkanTestDevice {
  static let instance: VulkanInstance? = (try? VulkanInstance(validation: true)) ?? (try? VulkanInstance())
  static let backend: VulkanBackend? = instance.flatMap { try? VulkanBackend(in: $0) }
  /// The same device made to compute in each way that every device can.
  static let backends: [(tier: VulkanTier, backend: VulkanBackend)] = [VulkanTier.t0, .t1].compactMap { tier in
    var configuration = VulkanBackend.Configuration()
    configuration.tier = tier
    return instance.flatMap { try? VulkanBackend(in: $0, configuration) }.map { (tier, $0) }
  }

  /// The same device on its matrix units; nil if it has none.
  static let matrixBackend: VulkanBackend? = instance.flatMap {
    var configuration = VulkanBackend.Configuration()
    configuration.tier = .t2
    return try? VulkanBackend(in: $0, configuration)
  }
}

/// The large cases keep a driver in software busy for long: it computes those without large weights, in the format of
/// graphics cards.
private let casesForDrivers = (OpCase.forThisBuild + OpCase.undecomposed).filter { opCase in
  guard opCase.cost == .large else { return true }
  let weights = (try? opCase.graph().parameters.reduce(0) { $0 + $1.type.shape.count }) ?? 0
  return opCase.precision == .float16 && weights <= 1_000_000
}

@Suite(
  .enabled(if: VulkanTestDevice.backend != nil, "no Vulkan device (Debian: mesa-vulkan-drivers has one in software)"),
  .serialized)
struct VulkanOpCaseTests {
  let instance: VulkanInstance
  let backend: VulkanBackend

  init() throws {
    instance = try #require(VulkanTestDevice.instance)
    backend = try #require(VulkanTestDevice.backend)
  }

  @Test("Vulkan agrees with the reference in every tier, in poisoned memory, twice", arguments: casesForDrivers)
  func agreesWithReference(_ opCase: OpCase) throws {
    var trial = try VulkanTrial(opCase)
    #expect(!VulkanTestDevice.backends.isEmpty)
    for (tier, backend) in VulkanTestDevice.backends { try trial.run(on: backend, "\(tier)") }
    #expect(instance.validationMessages == [])
  }

  @Test("Weights of another backend are refused") func foreignWeights() throws {
    let opCase = try #require(OpCase.small.first), graph = try opCase.graph()
    let other = try VulkanBackend(in: instance)
    let weights = try other.upload(opCase.weights(for: graph), for: graph)
    #expect(throws: VulkanError.self) { try backend.plan(graph, weights: weights) }
  }

  @Test("Inputs that were not traced are named") func wrongInputs() throws {
    let opCase = try #require(OpCase.small.first), graph = try opCase.graph()
    let plan = try backend.plan(graph, weights: backend.upload(opCase.weights(for: graph), for: graph))
    var inputs = opCase.inputs(for: graph)
    let name = try #require(inputs.keys.first)
    inputs[name] = nil
    #expect(throws: VulkanError.self) { try plan.run(inputs) }
    inputs = opCase.inputs(for: graph)
    inputs["surplus"] = inputs[name]
    #expect { try plan.run(inputs) } throws: { "\($0)".contains("surplus") }
  }
}

/// A case with what is expected of it, to be run in several ways.
struct VulkanTrial {
  private let opCase: OpCase
  private let graph: Graph
  private let expected: [HostTensor]
  private var tried: Set<[KernelVariant]> = []

  init(_ opCase: OpCase) throws {
    self.opCase = opCase
    graph = try opCase.graph()
    expected = try opCase.expectedResults()
  }

  /// Runs the case twice, first in poisoned memory, unless the same kernels were tried before.
  mutating func run(on backend: VulkanBackend, _ name: String) throws {
    let plan = try backend.preparedPlan(graph, weights: backend.upload(opCase.weights(for: graph), for: graph))
    guard tried.insert(plan.kernels).inserted else { return }
    let inputs = opCase.inputs(for: graph)
    let results = try plan.runInPoisonedMemory(inputs)
    try #require(results.count == expected.count)
    for (result, expected) in zip(results, expected) {
      #expect(result.mismatch(with: expected, Tolerance(opCase.precision)) == nil, "\(name)")
    }
    #expect(try plan.run(inputs) == results, "a second run differs: \(name)")
  }
}

/// A kernel that keeps values in memory instead of registers is several times slower, and nothing else shows it.
@Suite(
  "Kernels in registers",
  .enabled(
    if: VulkanTestDevice.tellsLocalMemory, "no graphics card whose driver tells what it made of kernels"))
struct VulkanRegisterTests {
  @Test("No kernel of the table works in memory", arguments: [VulkanTier.t1, .t2])
  func table(_ tier: VulkanTier) throws {
    let instance = try #require(VulkanTestDevice.instance)
    var configuration = VulkanBackend.Configuration()
    (configuration.tier, configuration.asksForLocalMemory) = (tier, true)
    guard let backend = try? VulkanBackend(in: instance, configuration) else { return }
    for opCase in OpCase.all where opCase.precision == .float16 || tier == .t1 {
      let graph = try opCase.graph()
      _ = try? backend.plan(graph, weights: backend.upload(opCase.weights(for: graph), for: graph))
    }
    #expect(backend.kernelsInLocalMemory == [])
  }
}

extension VulkanTestDevice {
  static let tellsLocalMemory = backend.map { $0.device.kind != .cpu && $0.device.tellsLocalMemory } ?? false
}

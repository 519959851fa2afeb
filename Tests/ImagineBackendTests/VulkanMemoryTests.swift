import ImagineGraph
import ImagineTesting
import ImagineVulkan
import Testing

/// What plans do on devices with less memory and narrower limits than the one at hand.
@Suite(
  .enabled(if: VulkanTestDevice.backend != nil, "no Vulkan device (Debian: mesa-vulkan-drivers has one in software)"),
  .serialized)
struct VulkanMemoryTests {
  let instance: VulkanInstance
  /// Its values take 102, 102 and 154 kB.
  let network: SmallNetwork

  init() throws {
    instance = try #require(VulkanTestDevice.instance)
    network = try SmallNetwork(side: 40, channels: 16)
  }

  private func open(_ adjust: (inout VulkanBackend.Configuration) -> Void = { _ in }) throws -> VulkanBackend {
    var configuration = VulkanBackend.Configuration()
    configuration.limits = try #require(VulkanTestDevice.backend).device.allowed
    adjust(&configuration)
    return try VulkanBackend(in: instance, configuration)
  }

  private func plan(on backend: VulkanBackend) throws -> VulkanPlan {
    try backend.preparedPlan(network.graph, weights: backend.upload(network.weights, for: network.graph))
  }

  /// The results in poisoned memory, which a second run must repeat.
  private func run(_ plan: VulkanPlan) throws -> [HostTensor] {
    let results = try plan.runInPoisonedMemory(network.inputs)
    #expect(try plan.run(network.inputs) == results, "a second run differs")
    #expect(instance.validationMessages == [])
    return results
  }

  @Test("Values lie in several blocks where one allocation is too small") func blocks() throws {
    let expected = try run(plan(on: open()))
    let faults = VulkanFaults(), single = VulkanFaults()
    _ = try plan(on: open { $0.faults = single })
    let plan = try plan(
      on: open {
        $0.faults = faults
        $0.limits?.allocation = 160 << 10
      })
    #expect(faults.count(.allocateMemory) >= single.count(.allocateMemory) + 1)
    #expect(try run(plan) == expected)
  }

  @Test("Values beyond a limit are named with their layer, before anything is allocated") func limits() throws {
    let range = try open { $0.limits?.storageRange = 120_000 }
    #expect { _ = try plan(on: range) } throws: { error in
      (error as? VulkanError)?.kind == .unsupported
        && ["net.linear", "154 kB", "120 kB"].allSatisfy("\(error)".contains)
    }
    let allocation = try open { $0.limits?.allocation = 120_000 }
    #expect { _ = try plan(on: allocation) } throws: { ($0 as? VulkanError)?.kind == .unsupported }
    #expect(range.allocatedBytes == 0 && allocation.allocatedBytes == 0)
  }

  @Test("A dispatch of more workgroups than a device takes is given in pieces") func workgroups() throws {
    let expected = try run(plan(on: open()))
    // The products have 50 workgroups along x.
    #expect(try run(plan(on: open { $0.limits?.workgroups = [40, 1, 1] })) == expected)
  }

  @Test("Long dispatches and submissions are divided, with the same results") func pace() throws {
    let plenty = try plan(on: open()), little = try plan(on: open { $0.submissionShare = 0.001 })
    #expect(plenty.submissionCount == 1)
    if try open().device.kind == .cpu { #expect(little.submissionCount > 2) }
    #expect(try run(little) == run(plenty))
  }

  @Test("What does not fit is said before it is read, with what is needed and free") func room() throws {
    let backend = try open { $0.memoryBudget = 200_000 }
    #expect { _ = try plan(on: backend) } throws: { error in
      (error as? VulkanError)?.kind == .outOfMemory && "\(error)".contains("needs")
        && "\(error)".contains("200 kB free")
    }
    #expect(backend.allocatedBytes == 0)
  }

  @Test("Memory goes back with the weights and the plan") func release() throws {
    let backend = try open()
    var weights: (any DeviceWeights)? = try backend.upload(network.weights, for: network.graph)
    var plan: (any Plan)? = try backend.plan(network.graph, weights: #require(weights))
    let both = backend.allocatedBytes, own = try #require(weights).byteCount
    #expect(own > 0 && both > own)
    plan = nil
    #expect(plan == nil && backend.allocatedBytes == own)
    weights = nil
    #expect(weights == nil && backend.allocatedBytes == 0)
  }

  @Test("A result that is not finite is an error that names the network") func notFinite() throws {
    let backend = try open()
    let infinite = HostWeights(
      Dictionary(
        uniqueKeysWithValues: network.graph.parameters.map { path, type in
          let value: Float = path == "net.conv.bias" ? .infinity : 0.5
          return (path, HostTensor(type.shape, [Float](repeating: value, count: type.shape.count)))
        }))
    let plan = try backend.plan(network.graph, weights: backend.upload(infinite, for: network.graph))
    for _ in 0..<2 {
      #expect { _ = try plan.run(network.inputs) } throws: { error in
        (error as? any BackendFailure)?.failure == .notFinite && "\(error)".contains("net ")
      }
    }
    #expect(instance.validationMessages == [])
  }
}

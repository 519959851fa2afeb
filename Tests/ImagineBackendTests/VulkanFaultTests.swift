import ImagineGraph
import ImagineTesting
import ImagineVulkan
import Testing

/// What comes of errors that the driver reports.
@Suite(
  .enabled(if: VulkanTestDevice.backend != nil, "no Vulkan device (Debian: mesa-vulkan-drivers has one in software)"),
  .serialized)
struct VulkanFaultTests {
  let instance: VulkanInstance

  init() throws { instance = try #require(VulkanTestDevice.instance) }

  private func open(_ faults: VulkanFaults? = nil, memoryBudget: Int? = nil) throws -> VulkanBackend {
    var configuration = VulkanBackend.Configuration()
    configuration.faults = faults
    configuration.memoryBudget = memoryBudget
    return try VulkanBackend(in: instance, configuration)
  }

  private func run(_ network: SmallNetwork, on backend: VulkanBackend) throws -> [HostTensor] {
    let weights = try backend.upload(network.weights, for: network.graph)
    return try backend.plan(network.graph, weights: weights).run(network.inputs)
  }

  @Test(
    "An error of the driver comes out as what it means",
    arguments: [
      (VulkanFaults.Fault(.allocateMemory, .outOfDeviceMemory), VulkanError.Kind.outOfMemory),
      (.init(.createBuffer, .outOfHostMemory), .outOfMemory),
      (.init(.mapMemory, .other), .failed),
      (.init(.createComputePipelines, .outOfHostMemory), .outOfMemory),
      (.init(.queueSubmit, .deviceLost, after: 1), .deviceLost),
      (.init(.queueSubmit, .deviceLost), .deviceLost),
      (.init(.waitForFences, .deviceLost), .deviceLost),
      (.init(.waitForFences, .outOfHostMemory), .outOfMemory),
    ])
  func kinds(_ fault: VulkanFaults.Fault, _ kind: VulkanError.Kind) throws {
    let faults = VulkanFaults(fault)
    let backend = try open(faults)
    #expect { _ = try run(SmallNetwork(), on: backend) } throws: { ($0 as? VulkanError)?.kind == kind }
    #expect(faults.count(fault.call) > fault.after)
    #expect(backend.allocatedBytes == 0, "memory stays behind")
    #expect(instance.validationMessages == [])
  }

  @Test("A lost device stays lost, and one opened anew works") func lossIsForGood() throws {
    let network = try SmallNetwork()
    let expected = try run(network, on: open())
    let faults = VulkanFaults(.init(.waitForFences, .deviceLost, times: 1))
    let lost = try open(faults)
    for _ in 0..<2 {
      #expect { _ = try run(network, on: lost) } throws: { ($0 as? any BackendFailure)?.failure == .deviceLost }
    }
    #expect(try run(network, on: open(faults)) == expected)
    #expect(instance.validationMessages == [])
  }

  @Test("Faults count calls, sizes and times") func counting() throws {
    let network = try SmallNetwork()
    let faults = VulkanFaults(.init(.allocateMemory, .outOfDeviceMemory, times: 1, above: 1 << 40))
    _ = try run(network, on: open(faults))
    let allocations = faults.count(.allocateMemory)
    #expect(allocations > 0)
    faults.add(.init(.allocateMemory, .outOfDeviceMemory, times: 1))
    let backend = try open(faults)
    #expect(throws: VulkanError.self) { _ = try run(network, on: backend) }
    _ = try run(network, on: backend)
    faults.add(.init(.allocateMemory, .outOfDeviceMemory))
    faults.clear()
    _ = try run(network, on: backend)
    #expect(instance.validationMessages == [])
  }

  @Test("A budget is kept") func budget() throws {
    let network = try SmallNetwork()
    #expect { _ = try run(network, on: open(memoryBudget: 1000)) } throws: {
      ($0 as? VulkanError)?.kind == .outOfMemory
    }
    let backend = try open(memoryBudget: 1 << 30)
    _ = try run(network, on: backend)
    #expect(backend.allocatedBytes == 0)
    #expect(instance.validationMessages == [])
  }
}

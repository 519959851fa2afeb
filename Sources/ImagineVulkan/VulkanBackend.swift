package import Foundation
package import ImagineGraph

/// Runs graphs on a device with Vulkan, with the kernels of the folder Kernels.
package struct VulkanBackend: KernelInspection, DeviceMemoryBackend {
  /// How a device is to be used.
  package struct Configuration: Sendable {
    /// Nil takes the best the device has.
    package var tier: VulkanTier?
    /// Work of one submission to the device, as a part of what is usual: less after a device was lost.
    package var submissionShare = 1.0
    /// For tests of products.
    var forcedProduct = ForcedProduct()
    /// Bytes of the device's memory that may be used; nil takes what the driver says is free.
    package var memoryBudget: Int?
    /// The folder that compiled kernels are kept in from one start of the program to the next; nil keeps none.
    package var pipelineCache: URL?
    /// Whether weights are written into memory of the device that the host sees, where there is such.
    package var writesWeightsDirectly = true
    /// Nil takes the device's own; narrower ones make tests of what happens on smaller devices.
    package var limits: VulkanLimits?
    /// Whether `kernelsInLocalMemory` is to be known, where the driver tells.
    package var asksForLocalMemory = false
    /// Whether memory that the host sees is taken for apart from the device's, though it is not: for tests of what depends on
    /// that.
    package var hostMemoryIsApart = false
    /// Errors that the driver is to report, for tests.
    package var faults: VulkanFaults?

    package init() {}
  }

  let context: VulkanContext
  /// Whether weights that have no room stay in the host's memory.
  private var passesWeights = false

  /// - Parameter device: by default the best that can be used.
  /// - Throws: `VulkanError` if there is none, or it cannot be opened.
  package init(
    _ device: VulkanPhysicalDevice? = nil, in instance: VulkanInstance, _ configuration: Configuration = Configuration()
  ) throws(VulkanError) {
    let usable = try instance.physicalDevices().first { $0.obstacle == nil }
    guard let device = device ?? usable else {
      throw VulkanError(
        .unavailable, "No device on this machine can be used with Vulkan; install its driver, or use the CPU.")
    }
    let tier = try device.tier(configuration.tier)
    context = try VulkanContext(VulkanDevice(device, instance, tier, configuration), tier, configuration)
  }

  package var availableMemory: Int? { context.device.memory.free.map { $0 + context.device.memory.allocated } }

  package func memoryNeeds(of graph: Graph) throws -> MemoryNeeds {
    try PlanBuilder.memoryNeeds(of: graph.optimized(for: supports), passesWeights: passesWeights, context)
  }

  package var passingWeights: (any DeviceMemoryBackend)? {
    if context.device.uploadsTakeDeviceMemory { return nil }
    var passing = self
    passing.passesWeights = true
    return passing
  }

  package var device: VulkanPhysicalDevice { context.device.physical }

  /// Bytes of the device's memory that this backend's weights and plans hold.
  package var allocatedBytes: Int { context.device.memory.allocated }

  /// How the device multiplies.
  package var tier: VulkanTier { context.tier }

  /// Compiled kernels that keep values in memory which should be in registers, such as sums in a loop that the driver did
  /// not unroll: several times slower than they could be, and nothing else shows it. With their bytes for an invocation.
  package var kernelsInLocalMemory: [String] { context.pipelines.kernelsInLocalMemory }

  /// There is a kernel for every basic operation, and for fused ones. Gated linear layers for which the plain kernel would be
  /// chosen are taken apart.
  package func supports(_ op: Op, _ operands: [TensorType]) -> Bool {
    switch op {
    case .gatedLinear:
      (try? op.resultType(operands)).flatMap { ProductShape(op, operands, $0) }
        .map { ProductVariant(for: $0, on: context.productDevice).canGate } ?? false
    case .conv2d(let convolution, _): convolution.images == 1
    case .linears(let count, _): joins(count, operands)
    case .linear, .groupNorm, .attention, .glu: true
    default: !op.isFused
    }
  }

  /// The most bytes of weights that are multiplied at once where weights pass: there has to be room for them twice. A single
  /// large convolution has as many.
  private static let passingBytes = 64 << 20

  /// Whether each layer's result begins where a value may, and all weights, and all results, fit into one piece of memory.
  private func joins(_ count: Int, _ operands: [TensorType]) -> Bool {
    let x = operands[0], weight = operands[1]
    let result = x.shape.rows * weight.shape[0] * x.elementType.size
    return x.elementType == weight.elementType && result % context.alignment == 0
      && (!passesWeights || count * weight.byteCount <= Self.passingBytes)
      && count * max(weight.byteCount, result) <= min(context.blockBytes, context.device.limits.storageRange)
  }

  package func upload(_ weights: any WeightSource, for graph: Graph) throws -> any DeviceWeights {
    VulkanWeights(weights, context, passes: passesWeights)
  }

  /// - Throws: `VulkanError` if the weights are not this backend's, memory is lacking, or a value is beyond the device's
  ///   limits.
  package func plan(_ graph: Graph, weights: any DeviceWeights) throws -> any Plan {
    try preparedPlan(graph, weights: weights)
  }

  /// The same as `plan`, with the type that can be run in poisoned memory.
  package func preparedPlan(_ graph: Graph, weights: any DeviceWeights) throws -> VulkanPlan {
    guard let weights = weights as? VulkanWeights, weights.context === context else {
      throw VulkanError(.failed, "These weights belong to another backend; upload them to this one.")
    }
    return try PlanBuilder(graph.optimized(for: supports), weights, context).build()
  }
}

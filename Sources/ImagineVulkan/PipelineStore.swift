import CShaders
import CVulkan
import Foundation

/// What selects the code of a dispatch: a kernel of the folder Kernels and its specialisation constants.
struct KernelVariant: Hashable {
  /// Such as `matmul_f32`.
  let name: String
  /// By constant id.
  var constants: [UInt32: UInt32]
  /// Invocations of a subgroup, where the kernel depends on it; nil leaves it to the driver.
  var subgroupSize: Int?
}

extension KernelVariant {
  /// Whether the kernel asks how many workgroups there are, and so cannot be given a part of them at a time.
  var readsWorkgroupCount: Bool {
    var length = 0
    guard let words = cs_kernel(name, &length) else { return false }
    let code = UnsafeBufferPointer(start: words, count: length / 4)
    // A header of five words, then instructions: the number of their words above what they are. Decorations come before
    // the first OpFunction (54), which is most of the code.
    var index = 5
    while index + 3 < code.count, code[index] & 0xffff != 54, code[index] >> 16 > 0 {
      // OpDecorate (71) of three operands: something is the BuiltIn (11) NumWorkgroups (24).
      if code[index] == 4 << 16 | 71, code[index + 2] == 11, code[index + 3] == 24 { return true }
      index += Int(code[index] >> 16)
    }
    return false
  }
}

/// What a pipeline is made for.
struct PipelineKey: Hashable {
  let kernel: KernelVariant
  /// Whether its dispatches may begin at another workgroup than the first.
  let hasBase: Bool

  init(_ kernel: KernelVariant, _ piece: DispatchPiece) {
    self.kernel = kernel
    hasBase = !piece.isAtOrigin
  }
}

/// Compiled kernels of a device, each made once.
///
/// All share one layout: storage buffers at bindings 0 ..< `bindingCount`, of which a kernel uses the first few, and
/// `constantBytes` of push constants.
final class PipelineStore: @unchecked Sendable {
  static let bindingCount = 6
  /// What every device has.
  static let constantBytes = 128

  let layout: VkPipelineLayout
  let setLayout: VkDescriptorSetLayout
  private let device: VulkanDevice
  private let lock = NSLock()
  private var pipelines: [PipelineKey: VkPipeline] = [:]
  private var localMemory: [KernelVariant: Int] = [:]
  private let cache: PipelineCache?

  /// - Parameter cache: the folder that compiled kernels are kept in from one start of the program to the next; nil keeps
  ///   none.
  init(_ device: VulkanDevice, cache folder: URL?) throws(VulkanError) {
    self.device = device
    let functions = device.functions
    let bindings = (0..<UInt32(Self.bindingCount)).map { index in
      var binding = VkDescriptorSetLayoutBinding()
      binding.binding = index
      binding.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER
      binding.descriptorCount = 1
      binding.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT.rawValue
      return binding
    }
    var set: VkDescriptorSetLayout?
    let setResult = bindings.withUnsafeBufferPointer { bindings in
      var info = VkDescriptorSetLayoutCreateInfo()
      info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO
      info.bindingCount = UInt32(bindings.count)
      info.pBindings = bindings.baseAddress
      return functions.vkCreateDescriptorSetLayout(device.handle, &info, nil, &set)
    }
    try check(setResult, "preparing kernels")
    guard let madeSet = set else { throw VulkanError(.failed, "The device gave no descriptor layout.") }
    var layout: VkPipelineLayout?
    var range = VkPushConstantRange()
    range.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT.rawValue
    range.size = UInt32(Self.constantBytes)
    let result = withUnsafePointer(to: &set) { set in
      withUnsafePointer(to: &range) { range in
        var info = VkPipelineLayoutCreateInfo()
        info.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO
        info.setLayoutCount = 1
        info.pSetLayouts = set
        info.pushConstantRangeCount = 1
        info.pPushConstantRanges = range
        return functions.vkCreatePipelineLayout(device.handle, &info, nil, &layout)
      }
    }
    guard result == VK_SUCCESS, let layout else {
      functions.vkDestroyDescriptorSetLayout(device.handle, madeSet, nil)
      try check(result, "preparing kernels")
      throw VulkanError(.failed, "The device gave no pipeline layout.")
    }
    setLayout = madeSet
    self.layout = layout
    cache = folder.flatMap { PipelineCache(in: $0, on: device) }
  }

  deinit {
    for pipeline in pipelines.values { device.functions.vkDestroyPipeline(device.handle, pipeline, nil) }
    device.functions.vkDestroyPipelineLayout(device.handle, layout, nil)
    device.functions.vkDestroyDescriptorSetLayout(device.handle, setLayout, nil)
  }

  var kernelsInLocalMemory: [String] {
    lock.withLock { localMemory }.filter { $0.value > 0 }.map { variant, bytes in
      let constants = variant.constants.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
      return "\(variant.name) [\(constants.joined(separator: ", "))]: \(bytes) bytes"
    }.sorted()
  }

  func pipeline(_ key: PipelineKey) throws -> VkPipeline {
    if let pipeline = lock.withLock({ pipelines[key] }) { return pipeline }
    let pipeline = try compile(key)
    return lock.withLock {
      if let other = pipelines[key] {
        device.functions.vkDestroyPipeline(device.handle, pipeline, nil)
        return other
      }
      pipelines[key] = pipeline
      return pipeline
    }
  }

  /// Compiles what is not there yet, on all of the processor's cores.
  func prepare(_ keys: [PipelineKey]) throws {
    let missing = lock.withLock { Array(Set(keys).filter { pipelines[$0] == nil }) }
    if missing.isEmpty { return }
    let failures = FirstError()
    DispatchQueue.concurrentPerform(iterations: missing.count) { index in
      failures.catching { _ = try pipeline(missing[index]) }
    }
    try failures.rethrow()
    cache?.save()
  }

  private func compile(_ key: PipelineKey) throws(VulkanError) -> VkPipeline {
    let variant = key.kernel
    let functions = device.functions
    var length = 0
    guard let code = cs_kernel(variant.name, &length) else {
      throw VulkanError(.unsupported, "There is no kernel \(variant.name).")
    }
    var moduleInfo = VkShaderModuleCreateInfo()
    moduleInfo.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO
    moduleInfo.codeSize = length
    moduleInfo.pCode = code
    var module: VkShaderModule?
    try check(functions.vkCreateShaderModule(device.handle, &moduleInfo, nil, &module), "loading \(variant.name)")
    defer { functions.vkDestroyShaderModule(device.handle, module, nil) }

    let constants = variant.constants.sorted { $0.key < $1.key }
    let entries = constants.indices.map { index in
      VkSpecializationMapEntry(constantID: constants[index].key, offset: UInt32(index * 4), size: 4)
    }
    let values = constants.map(\.value)
    var subgroup = VkPipelineShaderStageRequiredSubgroupSizeCreateInfo()
    subgroup.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO
    subgroup.requiredSubgroupSize = UInt32(variant.subgroupSize ?? 0)
    var pipeline: VkPipeline?
    let result = entries.withUnsafeBufferPointer { entries in
      values.withUnsafeBytes { values in
        var specialisation = VkSpecializationInfo()
        specialisation.mapEntryCount = UInt32(entries.count)
        specialisation.pMapEntries = entries.baseAddress
        specialisation.dataSize = values.count
        specialisation.pData = values.baseAddress
        return withUnsafePointer(to: &specialisation) { specialisation in
          withUnsafePointer(to: &subgroup) { subgroup in
            "main".withCString { name in
              var info = VkComputePipelineCreateInfo()
              info.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO
              info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO
              info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT
              info.stage.module = module
              info.stage.pName = name
              info.stage.pSpecializationInfo = specialisation
              if variant.subgroupSize != nil {
                info.stage.pNext = UnsafeRawPointer(subgroup)
                info.stage.flags = VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT.rawValue
              }
              info.layout = layout
              if key.hasBase { info.flags = VK_PIPELINE_CREATE_DISPATCH_BASE_BIT.rawValue }
              if device.asksForLocalMemory { info.flags |= VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR.rawValue }
              return functions.vkCreateComputePipelines(device.handle, cache?.handle, 1, &info, nil, &pipeline)
            }
          }
        }
      }
    }
    try check(result, "compiling \(variant.name)")
    guard let pipeline else { throw VulkanError(.failed, "The device gave no pipeline for \(variant.name).") }
    if device.asksForLocalMemory {
      let bytes = withUnsafePointer(to: device.instance.functions) { cv_local_memory($0, device.handle, pipeline) }
      lock.withLock { localMemory[variant] = Int(bytes) }
    }
    return pipeline
  }
}

/// The first error of work that runs side by side.
private final class FirstError: @unchecked Sendable {
  private let lock = NSLock()
  private var error: (any Error)?

  func catching(_ body: () throws -> Void) {
    do { try body() } catch { lock.withLock { self.error = self.error ?? error } }
  }

  func rethrow() throws { if let error = lock.withLock({ error }) { throw error } }
}

internal import Foundation
internal import ImagineCPU
package import ImagineGraph
internal import ImagineVulkan

/// A device ready to run graphs.
package struct OpenedDevice {
  package let backend: any Backend
  /// For people to read.
  package let name: String
  package let preferredPrecision: Precision
  /// What a person should know of the choice: a sentence for the first picture; nil if there is nothing to tell.
  var notice: String?
  /// Opens the device anew after it was lost, to be given less work at a time; nil for what cannot get lost.
  var reopen: (@Sendable () throws -> OpenedDevice)?
  /// Opens the processor to stand in for this device; nil if this is the processor.
  var openProcessor: (@Sendable () throws -> OpenedDevice)?

  init(_ backend: any Backend, name: String, preferredPrecision: Precision) {
    self.backend = backend
    self.name = name
    self.preferredPrecision = preferredPrecision
  }

  /// - Throws: `ImagineError` if there is no such device, or it cannot be used as the options say.
  package init(_ options: Pipeline.Options) throws {
    switch options.device {
    case .automatic: self = try .automatic(options, card: .best())
    case .cpu: self = try .processor(options)
    case .vulkan(let choice): self = try .vulkan(choice, options)
    }
  }

  static func processor(_ options: Pipeline.Options) throws -> OpenedDevice {
    if options.precision == .float16 {
      throw ImagineError(
        .invalidRequest,
        "The processor does not compute in f16: choose bf16 or f32, or a graphics card (--device vulkan).")
    }
    if let tier = options.vulkanTier {
      throw ImagineError(
        .invalidRequest,
        "The processor has no tier \(tier.rawValue): choose a device with Vulkan (--device vulkan), or no tier.")
    }
    return try processor(threads: options.threads)
  }

  /// - Parameter instance: Vulkan, if it is open already.
  static func vulkan(
    _ choice: String?, _ options: Pipeline.Options, in instance: VulkanInstance? = nil
  ) throws -> OpenedDevice {
    var usual = VulkanBackend.Configuration()
    usual.tier = options.vulkanTier?.backend
    usual.asksForLocalMemory = options.inspectsKernels
    usual.pipelineCache = VulkanBackend.Configuration.userCache()
    var careful = usual
    careful.submissionShare = usual.submissionShare * submissionShareAfterLoss
    let threads = options.threads
    var opened = try vulkan(choice, usual, in: instance)
    opened.reopen = { [careful] in try .vulkan(choice, careful) }
    opened.openProcessor = { try .processor(threads: threads) }
    return opened
  }

  private static func processor(threads: Int?) throws -> OpenedDevice {
    let backend = try ImagineError.translating {
      try CPUBackend(threads: threads, environment: ProcessInfo.processInfo.environment)
    }
    return OpenedDevice(
      backend, name: "\(backend.capabilities.name), \(backend.capabilities.threads) threads",
      preferredPrecision: backend.capabilities.preferredPrecision)
  }

  private static func vulkan(
    _ choice: String?, _ configuration: VulkanBackend.Configuration, in instance: VulkanInstance? = nil
  ) throws -> OpenedDevice {
    let backend = try ImagineError.translating {
      let instance = try instance ?? VulkanInstance()
      return try VulkanBackend(physicalDevice(choice, in: instance), in: instance, configuration)
    }
    return OpenedDevice(backend, name: backend.device.name, preferredPrecision: backend.device.preferredPrecision)
  }

  /// The device of a number or a part of a name; nil for no choice.
  private static func physicalDevice(
    _ choice: String?, in instance: VulkanInstance
  ) throws -> VulkanPhysicalDevice? {
    guard let choice else { return nil }
    let devices = try instance.physicalDevices()
    if let number = Int(choice), devices.indices.contains(number) { return devices[number] }
    if Int(choice) == nil, let found = devices.first(where: { $0.name.localizedCaseInsensitiveContains(choice) }) {
      return found
    }
    let known = devices.enumerated().map { "vulkan:\($0) (\($1.name))" }
    // As it is written on the command line: a bare number would be named without its `vulkan:`.
    let asked = Int(choice) == nil ? choice : "vulkan:\(choice)"
    throw ImagineError(
      .unknownDevice,
      "There is no device \"\(asked)\"; this machine has \((["cpu"] + known).joined(separator: ", ")).")
  }
}

/// A device is mostly lost because one submission took too long for the system's watchdog.
private let submissionShareAfterLoss = 0.25

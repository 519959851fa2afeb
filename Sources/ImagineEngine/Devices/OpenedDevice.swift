internal import Foundation
package import ImagineCPU
package import ImagineGraph
package import ImagineVulkan

/// A device ready to run graphs.
package struct OpenedDevice {
  package let backend: any Backend
  /// For people to read.
  package let name: String
  package let preferredPrecision: Precision
  /// What a person should know of the choice: a sentence for the first picture; nil if there is nothing to tell.
  package var notice: String?
  /// Opens the device anew after it was lost, to be given less work at a time; nil for what cannot get lost.
  package var reopen: (@Sendable () throws -> OpenedDevice)?
  /// Opens the processor to stand in for this device; nil if this is the processor.
  package var openProcessor: (@Sendable () throws -> OpenedDevice)?

  package init(_ backend: any Backend, name: String, preferredPrecision: Precision) {
    self.backend = backend
    self.name = name
    self.preferredPrecision = preferredPrecision
  }

  /// - Throws: `EngineError` if there is no such device, or it cannot be used as the settings say.
  package init(_ settings: EngineSettings) throws {
    switch settings.device {
    case .automatic: self = try .automatic(settings, card: .best())
    case .processor: self = try .processor(settings)
    case .vulkan(let choice): self = try .vulkan(choice, settings)
    }
  }

  static func processor(_ settings: EngineSettings) throws -> OpenedDevice {
    if settings.precision == .float16 {
      throw EngineError(
        .invalidRequest, "The processor does not compute in f16: choose bf16 or f32, or a graphics card.",
        remedies: [.bfloat16, .float32, .graphicsCard])
    }
    if let tier = settings.tier {
      throw EngineError(
        .invalidRequest, "The processor has no tier \(tier.name): choose a device with Vulkan, or no tier.",
        remedies: [.graphicsCard])
    }
    return try processor(threads: settings.threads)
  }

  /// - Parameter instance: Vulkan, if it is open already.
  static func vulkan(
    _ choice: String?, _ settings: EngineSettings, in instance: VulkanInstance? = nil
  ) throws -> OpenedDevice {
    var usual = VulkanBackend.Configuration()
    usual.tier = settings.tier
    usual.asksForLocalMemory = settings.inspectsKernels
    usual.pipelineCache = VulkanBackend.Configuration.userCache()
    var careful = usual
    careful.submissionShare = usual.submissionShare * submissionShareAfterLoss
    let threads = settings.threads
    var opened = try vulkan(choice, usual, in: instance)
    opened.reopen = { [careful] in try .vulkan(choice, careful) }
    opened.openProcessor = { try .processor(threads: threads) }
    return opened
  }

  private static func processor(threads: Int?) throws -> OpenedDevice {
    let backend = try EngineError.translating {
      try CPUBackend(threads: threads, environment: ProcessInfo.processInfo.environment)
    }
    return OpenedDevice(
      backend, name: "\(backend.capabilities.name), \(backend.capabilities.threads) threads",
      preferredPrecision: backend.capabilities.preferredPrecision)
  }

  private static func vulkan(
    _ choice: String?, _ configuration: VulkanBackend.Configuration, in instance: VulkanInstance? = nil
  ) throws -> OpenedDevice {
    let backend = try EngineError.translating {
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
    throw EngineError(
      .unknownDevice,
      "There is no device \"\(asked)\"; this machine has \((["cpu"] + known).joined(separator: ", ")).", device: asked)
  }
}

/// A device is mostly lost because one submission took too long for the system's watchdog.
private let submissionShareAfterLoss = 0.25

extension CPUCapabilities {
  /// Brain floats where products of them run in hardware.
  package var preferredPrecision: Precision { hasNativeBFloat16 ? .bfloat16 : .float32 }
}

extension VulkanPhysicalDevice {
  /// Graphics cards move 16 bits twice as fast as 32; software drivers compute in 32 bits and convert.
  package var preferredPrecision: Precision { kind.isGraphicsCard ? .float16 : .float32 }
}

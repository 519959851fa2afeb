internal import Foundation
internal import ImagineCPU
internal import ImagineGraph
internal import ImagineVulkan

/// A device ready to run graphs.
struct OpenedDevice {
  let backend: any Backend
  /// For people to read.
  let name: String
  let preferredPrecision: Precision

  /// - Parameters:
  ///   - threads: of the processor, if that is what computes.
  ///   - precision: what is asked for; nil leaves it to the device.
  /// - Throws: `ImagineError` if there is no such device, or it cannot be used.
  init(_ device: Device, threads: Int?, precision: Precision?) throws {
    switch device.resolved {
    case .automatic, .cpu:
      if precision == .float16 {
        throw ImagineError(
          .invalidRequest,
          "The processor does not compute in f16: choose bf16 or f32, or a graphics card (--device vulkan).")
      }
      let backend = try ImagineError.translating { try CPUBackend(threads: threads) }
      self.backend = backend
      name = "\(backend.capabilities.name), \(backend.capabilities.threads) threads"
      preferredPrecision = backend.capabilities.preferredPrecision
    case .vulkan(let choice):
      let backend = try ImagineError.translating {
        let instance = try VulkanInstance()
        var configuration = VulkanBackend.Configuration()
        configuration.pipelineCache = VulkanBackend.Configuration.userCache()
        return try VulkanBackend(Self.physicalDevice(choice, in: instance), in: instance, configuration)
      }
      self.backend = backend
      name = backend.device.name
      preferredPrecision = backend.device.preferredPrecision
    }
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
    throw ImagineError(
      .deviceFailed,
      "There is no device \"\(choice)\"; this machine has \((["cpu"] + known).joined(separator: ", ")).")
  }
}

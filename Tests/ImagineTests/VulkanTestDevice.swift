import ImagineGraph
import ImagineVulkan
import Testing

@testable import Imagine
@testable import ImagineEngine

/// The first device with Vulkan, under the validation layers where they are installed; a software driver will do.
enum VulkanTestDevice {
  static let instance: VulkanInstance? = (try? VulkanInstance(validation: true)) ?? (try? VulkanInstance())
  /// Errors that the driver of `backend` is to report; none unless a test adds some.
  static let faults = VulkanFaults()
  /// One for all tests that do not lose it, since making its kernels ready takes longer than they do.
  static let backend: VulkanBackend? = try? open(faults)

  static func open(_ faults: VulkanFaults? = nil, submissionShare: Double = 1) throws -> VulkanBackend {
    var configuration = VulkanBackend.Configuration()
    configuration.faults = faults
    configuration.submissionShare = submissionShare
    return try VulkanBackend(in: try #require(instance), configuration)
  }

  /// The shared device, as a pipeline takes it.
  static func opened() throws -> OpenedDevice {
    let backend = try #require(backend)
    return OpenedDevice(backend, name: backend.device.name, preferredPrecision: .float32)
  }

  static func expectNoComplaint() throws { #expect(try #require(instance).validationMessages == []) }
}

/// One after another, whatever suite they are in, since they share the device and the errors it is told to report.
@Suite(
  .enabled(if: VulkanTestDevice.backend != nil, "no Vulkan device (Debian: mesa-vulkan-drivers has one in software)"),
  .serialized)
enum VulkanTests {}

import Foundation
import Imagine
import Testing

struct DeviceTests {
  @Test(arguments: [
    ("auto", Device.automatic), ("CPU", .cpu), ("vulkan", .vulkan), ("Vulkan:1", .vulkan("1")),
    ("vulkan: radeon", .vulkan("radeon")), ("Arc", .vulkan("Arc")),
  ])
  func textNamesADevice(_ text: String, _ device: Device) {
    #expect(Device(text) == device)
    #expect(Device(device.description) == device)
  }

  @Test(arguments: ["", " ", ":1", "vulkan:"]) func textWithoutADevice(_ text: String) { #expect(Device(text) == nil) }

  @Test func theProcessorIsAlwaysThere() throws {
    let devices = try DeviceDescription.all()
    let processor = try #require(devices.first { $0.device == .cpu })
    #expect(processor.obstacle == nil && (processor.threads ?? 0) >= 1)
    // The first is what `automatic` takes, and what is passed over says why.
    #expect(try #require(devices.first).passedOver == nil)
    for device in devices.dropFirst() where device.device != .cpu {
      #expect(device.obstacle == nil || device.passedOver == device.obstacle)
    }
  }

  @Test func anUnknownDeviceIsRefusedInASentence() async throws {
    await #expect {
      _ = try await Pipeline.demonstration(options: .init(device: .vulkan("no such thing")))
    } throws: { error in
      (error as? ImagineError)?.code == .unknownDevice
    }
  }

  @Test func aTierIsOfDevicesWithVulkan() async throws {
    await #expect {
      _ = try await Pipeline.demonstration(options: .init(device: .cpu, vulkanTier: .t1))
    } throws: { error in
      (error as? ImagineError)?.code == .invalidRequest && "\(error)".contains("t1")
    }
  }

  @Test(
    "A device has a default tier among its own, and refuses others in a sentence",
    .enabled(if: software != nil, "no Vulkan device (Debian: mesa-vulkan-drivers has one in software)"))
  func tiers() async throws {
    for description in try DeviceDescription.all() where description.device != .cpu {
      #expect(description.tiers.starts(with: [.t0, .t1]))
      #expect(description.defaultTier.map(description.tiers.contains) == true)
      for tier in VulkanTier.allCases where !description.tiers.contains(tier) {
        await #expect {
          _ = try await Pipeline.demonstration(options: .init(device: description.device, vulkanTier: tier))
        } throws: { error in
          "\(error)".contains(tier.rawValue) && "\(error)".contains("t0")
        }
      }
    }
    for processor in try DeviceDescription.all() where processor.device == .cpu {
      #expect(processor.tiers.isEmpty && processor.defaultTier == nil)
    }
  }

  @Test("Automatic takes a graphics card if there is one, else the processor, and never software")
  func automatic() async throws {
    let first = try #require(try DeviceDescription.all().first)
    let pipeline = try await Pipeline.demonstration()
    #expect(pipeline.deviceName.hasPrefix(first.name))
    #expect(pipeline.precision == first.defaultPrecision)
    #expect(!first.features.contains { $0.contains("software") })
  }

  private static let software = try? DeviceDescription.all().first { $0.device != .cpu && $0.obstacle == nil }
}

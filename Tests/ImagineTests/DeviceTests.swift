import Foundation
import Imagine
import Testing

struct DeviceTests {
  @Test(arguments: [
    ("auto", Device.automatic), ("CPU", .cpu), ("vulkan", .vulkan(nil)), ("Vulkan:1", .vulkan("1")),
    ("vulkan: radeon", .vulkan("radeon")), ("Arc", .vulkan("Arc")),
  ])
  func textNamesADevice(_ text: String, _ device: Device) {
    #expect(Device(text) == device)
    #expect(Device(device.description) == device)
  }

  @Test(arguments: ["", " ", ":1", "vulkan:"]) func textWithoutADevice(_ text: String) { #expect(Device(text) == nil) }

  @Test func theProcessorIsAlwaysThere() throws {
    let devices = try DeviceDescription.all()
    let processor = try #require(devices.first)
    #expect(processor.device == .cpu && processor.obstacle == nil && (processor.threads ?? 0) >= 1)
  }

  @Test func anUnknownDeviceIsRefusedInASentence() async throws {
    await #expect {
      _ = try await Pipeline.demonstration(options: .init(device: .vulkan("no such thing")))
    } throws: { error in
      (error as? ImagineError)?.code == .deviceFailed
    }
  }
}

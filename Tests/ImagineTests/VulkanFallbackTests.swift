import ImagineEngineTesting
import ImagineGraph
import ImagineVulkan
import Testing

@testable import Imagine
@testable import ImagineEngine

extension VulkanTests {
  /// The steps of the fallback order under errors of the driver itself.
  @Suite struct VulkanFallbackTests {
    /// A rig whose driver has no memory for the next allocation each time one of these graphs is planned.
    private func rig(lackingMemoryFor isHit: @escaping @Sendable (FailingBackend.Call) -> Bool) async throws
      -> FailingRig
    {
      let faults = VulkanTestDevice.faults, backend = try #require(VulkanTestDevice.backend)
      return try await FailingRig(
        on: backend,
        onPlan: { call in
          if isHit(call) { faults.add(.init(.allocateMemory, .outOfDeviceMemory, times: 1)) }
          return nil
        })
    }

    @Test func guidanceInTwoPasses() async throws {
      let rig = try await rig { $0.isUNet && $0.batch > 1 }
      let (images, notices) = try await rig.draw()
      try await TinyModel.expect(images)
      #expect(notices.count == 2 && notices[1].contains("both prompts at once"), "\(notices)")
      #expect(rig.processor.plans.isEmpty)
      try VulkanTestDevice.expectNoComplaint()
    }

    @Test func tiles() async throws {
      let rig = try await rig { $0.isWholeDecoder }
      var request = TinyModel.request
      request.size = Size(width: 136, height: 64)
      let (images, notices) = try await rig.draw(request)
      try await TinyModel.expect(images)
      #expect(notices.count == 2 && notices[1].contains("in tiles"), "\(notices)")
      #expect(rig.processor.plans.isEmpty)
      try VulkanTestDevice.expectNoComplaint()
    }

    @Test func theProcessor() async throws {
      let rig = try await rig { $0.isUNet }
      let (images, notices) = try await rig.draw()
      try await TinyModel.expect(images)
      #expect(notices.last?.contains("on the processor") == true, "\(notices)")
      #expect(rig.processor.plans.count == 1)
      try VulkanTestDevice.expectNoComplaint()
    }

    @Test("A network with more weights than the device has memory draws there, with weights from the machine's")
    func weightsThatPass() async throws {
      let usual = try await SmallCard(budget: nil).draw(), small = try await SmallCard(budget: 9 << 20).draw()
      #expect(usual.pixels != nil && small.pixels == usual.pixels)
      #expect(usual.notices == [])
      #expect(
        small.notices.contains { $0.contains("the UNet") && $0.contains("stay in the machine's memory") },
        "\(small.notices)")
      // Half of the work at a time would not have helped, and was not tried.
      #expect(!small.notices.contains { $0.contains("both prompts at once") }, "\(small.notices)")
      try VulkanTestDevice.expectNoComplaint()
    }

    /// Lost in the middle of a picture, the device is opened again; lost again in the next, it is left alone.
    @Test func losingTheDeviceTwice() async throws {
      let faults = VulkanFaults()
      @Sendable func loseDevice() { faults.add(.init(.queueSubmit, .deviceLost, times: 1)) }
      let rig = try await FailingRig(
        on: VulkanTestDevice.open(faults),
        onRun: { call in
          if call.runs == 3 { loseDevice() }
          return nil
        },
        onRunAfterLoss: { call in
          if call.runs == 5 { loseDevice() }
          return nil
        },
        reopened: { try VulkanTestDevice.open(faults, submissionShare: 0.25) })
      let first = try await rig.draw()
      try await TinyModel.expect(first.images)
      #expect(first.notices.count == 1 && first.notices[0].contains("opened again"), "\(first.notices)")
      #expect(rig.processor.plans.isEmpty)
      let second = try await rig.draw()
      try await TinyModel.expect(second.images)
      #expect(
        second.notices.count == 1 && second.notices[0].contains("the processor does the rest"), "\(second.notices)")
      #expect(!rig.processor.plans.isEmpty)
      try VulkanTestDevice.expectNoComplaint()
    }
  }
}

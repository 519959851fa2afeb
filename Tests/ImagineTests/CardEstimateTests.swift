import ImagineGraph
import ImagineVulkan
import Testing

@testable import Imagine
@testable import ImagineEngine

/// The demonstration model on a device that is allowed so much of its memory, as if the machine's were another.
struct SmallCard {
  let backend: VulkanBackend
  let pipeline: Pipeline
  private let budget: Int?

  init(budget: Int?) async throws {
    var configuration = VulkanBackend.Configuration()
    configuration.memoryBudget = budget
    configuration.hostMemoryIsApart = true
    self.budget = budget
    backend = try VulkanBackend(in: try #require(VulkanTestDevice.instance), configuration)
    var device = OpenedDevice(backend, name: "a small card", preferredPrecision: .float32)
    device.openProcessor = { try .processor(EngineSettings()) }
    pipeline = try await Pipeline(OpenedModel.demonstration(), Pipeline.Options(precision: .float32), on: device)
  }

  static let request: GenerationRequest = {
    var request = TinyModel.request
    request.size = Size(width: 64, height: 64)
    return request
  }()

  func draw() async throws -> (pixels: [UInt8]?, notices: [String]) {
    var pixels: [UInt8]?, notices: [String] = []
    for try await event in pipeline.generate(Self.request) {
      if case .notice(let notice) = event, notice.code != .unusualSize { notices.append(notice.message) }
      if case .image(let image) = event { pixels = image.pixels }
    }
    #expect(backend.allocatedBytes <= budget ?? .max)
    return (pixels, notices)
  }
}

extension VulkanTests {
  @Suite("What a picture takes of a card, and what becomes of it there") struct CardEstimateTests {
    @Test func estimatesAreWhatHappens() async throws {
      let unlimited = try await SmallCard(budget: nil)
      let usual = try await unlimited.pipeline.estimate(SmallCard.request)
      #expect(usual.isCard && !usual.takesTurns && !usual.exceedsCard && usual.freeBytes == nil)
      #expect(usual.stages.map(\.name) == ["text encoder", "UNet", "decoder"])
      _ = try await unlimited.draw()
      // What is left of a picture: all weights, and the memory of all plans.
      let left = usual.stages.reduce(0) { $0 + $1.weightBytes + $1.workingBytes },
        held = unlimited.backend.allocatedBytes
      #expect(Double(held) > 0.9 * Double(left) && Double(held) < 1.1 * Double(left), "\(held), estimated \(left)")

      let largest = try #require(usual.stages.map { $0.weightBytes + $0.workingBytes }.max())
      for (budget, takesTurns, copies, exceeds) in [
        (usual.peakBytes * 11 / 10, false, false, false), (largest * 3 / 2, true, false, false),
        (9 << 20, true, true, false),
        (2 << 20, true, true, true),
      ] {
        let card = try await SmallCard(budget: budget), estimate = try await card.pipeline.estimate(SmallCard.request)
        #expect(estimate.freeBytes == budget)
        #expect(estimate.takesTurns == takesTurns, "\(budget): \(estimate)")
        #expect(estimate.stages.contains { $0.copiedBytes > 0 } == copies, "\(budget): \(estimate)")
        #expect(estimate.exceedsCard == exceeds, "\(budget): \(estimate)")
        #expect(exceeds || estimate.peakBytes <= budget, "\(budget): \(estimate)")
        let notices = try await card.draw().notices
        #expect(notices.contains { $0.contains("makes room for the next") } == takesTurns, "\(budget): \(notices)")
        #expect(
          notices.contains { $0.contains("in the machine's memory") } == copies, "\(budget): \(notices)")
        #expect(notices.contains { $0.contains("on the processor") } == exceeds, "\(budget): \(notices)")
      }
      try VulkanTestDevice.expectNoComplaint()
    }
  }
}

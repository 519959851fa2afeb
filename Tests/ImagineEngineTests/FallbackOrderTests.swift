import ImagineGraph
import ImagineModels
import Testing

@testable import ImagineEngine

/// The policy by itself: which step follows which failure.
struct FallbackOrderTests {
  private static let roles: [Network.Role] = [.textEncoder(0), .denoiser, .decoder, .encoder]
  private static let rich: [FallbackOrder] = roles.map { role in
    FallbackOrder(
      role: role, isGuided: role == .denoiser, tileableSide: role == .decoder || role == .encoder ? 96 : nil,
      otherModelsHoldMemory: true,
      othersHoldMemory: true, canReopen: true, hasProcessor: true)
  }

  /// Every step a stage takes if it fails in one way again and again.
  private func descent(_ order: FallbackOrder, _ failure: BackendFailureKind) -> [Fallback] {
    var order = order, mode = RunMode(), steps: [Fallback] = []
    while let step = order.fallback(after: failure, from: mode), steps.count < 20 {
      steps.append(step)
      mode = mode.after(step)
      if step == .reopening { order.canReopen = false }
      if step == .otherModels { order.otherModelsHoldMemory = false }
      if step == .alone { order.othersHoldMemory = false }
    }
    return steps
  }

  @Test func memory() {
    let descents = Self.rich.map { descent($0, .outOfMemory) }
    #expect(descents[0] == [.otherModels, .alone, .processor])
    #expect(descents[1] == [.otherModels, .alone, .splitGuidance, .processor, .splitGuidance])
    let tiles = [64, 32, 16, 8].map(Fallback.tiles)
    for descent in descents[2...] {
      #expect(descent == [.otherModels, .alone] + tiles + [.processor] + tiles)
    }
  }

  @Test("Weights stay in the machine's memory before the processor takes over, guidance in one pass again at first")
  func weightsThatPass() {
    let descents = Self.rich.map { order in
      var order = order
      order.canPassWeights = true
      return descent(order, .outOfMemory)
    }
    #expect(descents[0] == [.otherModels, .alone, .passingWeights, .processor])
    #expect(
      descents[1] == [
        .otherModels, .alone, .splitGuidance, .passingWeights, .splitGuidance, .processor, .splitGuidance,
      ])
    let tiles = [64, 32, 16, 8].map(Fallback.tiles)
    #expect(descents[2] == [.otherModels, .alone] + tiles + [.passingWeights, .processor] + tiles)
    // Nothing smaller would help against weights that are more than there is memory.
    var large = Self.rich[1]
    (large.canPassWeights, large.weightsExceedDevice) = (true, true)
    #expect(
      descent(large, .outOfMemory) == [
        .otherModels, .alone, .passingWeights, .splitGuidance, .processor, .splitGuidance,
      ])
    // What is too large for a limit of the device does not get smaller so.
    var order = Self.rich[0]
    order.canPassWeights = true
    #expect(descent(order, .unsupported) == [.processor])
  }

  /// That other models make room says nothing about how a network is to be run.
  @Test func roomFromOtherModelsIsNoMode() {
    let mode = RunMode(tile: 16)
    #expect(mode.after(.otherModels) == mode)
  }

  @Test func limits() {
    #expect(descent(Self.rich[1], .unsupported) == [.splitGuidance, .processor, .splitGuidance])
    #expect(descent(Self.rich[0], .unsupported) == [.processor])
  }

  @Test func loss() {
    for order in Self.rich { #expect(descent(order, .deviceLost) == [.reopening, .processor]) }
  }

  @Test func overflow() {
    #expect(descent(Self.rich[0], .notFinite) == [.wide])
    #expect(descent(Self.rich[1], .notFinite) == [])
    #expect(descent(Self.rich[2], .notFinite) == [.wide])
    #expect(descent(Self.rich[3], .notFinite) == [.wide])
    var wide = Self.rich[2]
    wide.isWide = true
    #expect(descent(wide, .notFinite) == [])
  }

  @Test func whatCannotBeMended() {
    for order in Self.rich { #expect(descent(order, .other) == []) }
    for failure in [BackendFailureKind.outOfMemory, .unsupported, .deviceLost] {
      #expect(descent(FallbackOrder(role: .textEncoder(0)), failure) == [])
      #expect(descent(FallbackOrder(role: .decoder), failure) == [])
    }
  }

  /// A picture that is one tile anyway still gets a smaller one, as long as there is one.
  @Test(arguments: [(200, 128), (128, 64), (33, 32), (9, 8)]) func firstTile(_ side: Int, _ tile: Int) {
    let order = FallbackOrder(role: .decoder, tileableSide: side)
    #expect(order.fallback(after: .outOfMemory, from: RunMode()) == .tiles(tile))
  }

  @Test func widthSurvivesTheWayToTheProcessor() {
    var mode = RunMode()
    for step in [Fallback.alone, .wide, .tiles(8), .processor] { mode = mode.after(step) }
    #expect(mode.place == .processor && mode.isWide && mode.tile == nil && !mode.isAlone)
  }

  @Test func everyStepIsSaidInASentence() {
    for step in [
      Fallback.otherModels, .alone, .splitGuidance, .passingWeights, .tiles(8), .wide, .reopening, .processor,
    ] {
      for failure in [BackendFailureKind.outOfMemory, .unsupported, .deviceLost, .notFinite] {
        let notice = step.notice("network", after: failure, from: RunMode())?.message
        #expect(notice?.hasSuffix(".") == true)
        #expect(notice?.contains("\n") == false)
      }
    }
    #expect(Fallback.tiles(8).notice("decoder", after: .outOfMemory, from: RunMode(tile: 16)) == nil)
  }
}

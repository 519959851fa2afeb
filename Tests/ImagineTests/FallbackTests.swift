import ImagineEngineTesting
import ImagineGraph
import Synchronization
import Testing

@testable import Imagine

/// What a pipeline does when its device fails: each step of the fallback order, on a backend that fails as told.
@Suite struct FallbackTests {
  private static let wide: GenerationRequest = {
    var request = TinyModel.request
    request.size = Size(width: 136, height: 96)
    return request
  }()

  // MARK: Memory

  @Test func networksThatDoNotFitTogetherMakeRoom() async throws {
    let rig = try await FailingRig { $0.loadedNetworks > 1 ? .outOfMemory : nil }
    let (images, notices) = try await rig.draw()
    try await TinyModel.expect(images, within: 0)
    #expect(notices.count == 2)
    #expect(notices.allSatisfy { $0.contains("beside the other networks") })
    #expect(rig.processor.plans.isEmpty)
    // The next picture makes room from the start.
    let attempts = rig.device.plans.count
    let next = try await rig.draw()
    #expect(next.notices.filter { !$0.contains("text encoder") }.isEmpty)
    #expect(next.images.first?.pixels == images.first?.pixels)
    #expect(rig.device.plans.count <= attempts + 4)
  }

  @Test func guidanceInTwoPassesDrawsTheSamePicture() async throws {
    let rig = try await FailingRig { $0.isUNet && $0.batch > 1 ? .outOfMemory : nil }
    var request = TinyModel.request
    request.count = 2
    let (images, notices) = try await rig.draw(request)
    try await TinyModel.expect(images)
    #expect(notices.filter { $0.contains("both prompts at once") }.count == 1)
    #expect(rig.processor.plans.isEmpty)
    // Once known, it is not tried again: neither in this batch nor in the next request.
    #expect(try await rig.draw().notices.isEmpty)
    #expect(rig.device.plans.filter { $0.isUNet && $0.batch > 1 }.count == 2)
  }

  @Test(arguments: [BackendFailureKind.outOfMemory, .unsupported])
  func picturesTooLargeToDecodeAreDecodedInTiles(_ failure: BackendFailureKind) async throws {
    let rig = try await FailingRig { $0.isWholeDecoder ? failure : nil }
    let (images, notices) = try await rig.draw(Self.wide)
    try await TinyModel.expect(images)
    #expect(notices.filter { $0.contains("in tiles") }.count == 1)
    #expect(rig.processor.plans.isEmpty)
    #expect(rig.device.plans.contains { $0.isTiledDecoder })
    #expect(try await rig.draw(Self.wide).notices.isEmpty)
    // Another size may fit: the device is asked again.
    let before = rig.device.plans.filter { $0.isWholeDecoder }.count
    _ = try await rig.draw()
    #expect(rig.device.plans.filter { $0.isWholeDecoder }.count > before)
  }

  @Test func tilesBecomeSmallerUntilTheyFit() async throws {
    var request = TinyModel.request
    request.size = Size(width: 264, height: 136)
    request.steps = 1
    // Windows of 8 latents and what they see around them are 80 pixels wide; those of 16 are 144.
    let rig = try await FailingRig { !$0.isUNet && !$0.isText && $0.longestSide > 100 ? .outOfMemory : nil }
    let (images, notices) = try await rig.draw(request)
    try await TinyModel.expect(images)
    #expect(notices.filter { $0.contains("in tiles") }.count == 1)
    #expect(rig.processor.plans.isEmpty)
    let sides = Set(rig.device.plans.filter { $0.isTiledDecoder }.map(\.longestSide))
    #expect(sides.contains { $0 > 100 } && sides.contains { $0 <= 100 })
  }

  @Test func whatFitsNowhereOnTheDeviceRunsOnTheProcessor() async throws {
    for (stage, isStage): (String, @Sendable (FailingBackend.Call) -> Bool) in [
      ("text encoder", { $0.isText }), ("UNet", { $0.isUNet }), ("decoder", { !$0.isUNet && !$0.isText }),
    ] {
      let rig = try await FailingRig { isStage($0) ? .outOfMemory : nil }
      let (images, notices) = try await rig.draw()
      try await TinyModel.expect(images)
      #expect(notices.last { $0.contains(stage) }?.contains("on the processor") == true, "\(notices)")
      #expect(rig.processor.plans.count == 1)
      #expect(rig.processor.plans.allSatisfy(isStage))
      #expect(try await rig.draw().notices.isEmpty)
    }
  }

  @Test func withoutAProcessorTheErrorIsSaid() async throws {
    let rig = try await FailingRig(tiling: .never, hasProcessor: false) { $0.isWholeDecoder ? .outOfMemory : nil }
    await #expect(throws: (any Error).self) { try await rig.draw() }
    #expect(!rig.device.plans.contains { $0.isTiledDecoder })
    let patient = try await FailingRig(hasProcessor: false) { $0.isUNet && $0.batch > 1 ? .outOfMemory : nil }
    try await TinyModel.expect(try await patient.draw().images)
  }

  @Test func aDecoderThatNeedsMoreThanThereIsFreeDecodesInTiles() async throws {
    let short = try await FailingRig(hasProcessor: false, freeMemory: 100_000)
    let (images, notices) = try await short.draw(Self.wide)
    try await TinyModel.expect(images)
    #expect(notices.contains { $0.contains("in tiles") })
    let rich = try await FailingRig(hasProcessor: false, freeMemory: 1 << 40)
    #expect(try await rich.draw(Self.wide).notices.isEmpty)
    // What is free for the processor says nothing about another device.
    let card = try await FailingRig(freeMemory: 100_000)
    #expect(try await card.draw(Self.wide).notices.isEmpty)
  }

  // MARK: Loss of the device

  @Test func aLostDeviceIsOpenedAgainAndTheStepRepeated() async throws {
    for run in 1...4 {
      let rig = try await FailingRig(onRun: { $0.runs == run ? .failure(.deviceLost) : nil })
      let (images, notices) = try await rig.draw()
      try await TinyModel.expect(images, within: 0)
      #expect(notices.count == 1 && notices[0].contains("opened again"))
      #expect(rig.reopened.devices.withLock { $0.count } == 1)
      #expect(rig.processor.plans.isEmpty)
      #expect(rig.device.runs == run, "the lost device was used again")
    }
  }

  @Test func aDeviceLostTwiceLeavesTheRestToTheProcessor() async throws {
    let rig = try await FailingRig(
      onRun: { $0.runs == 2 ? .failure(.deviceLost) : nil }, onRunAfterLoss: { _ in .failure(.deviceLost) })
    let (images, notices) = try await rig.draw()
    try await TinyModel.expect(images, within: 0)
    #expect(notices.count == 2 && notices[1].contains("the processor does the rest"))
    #expect(rig.processor.plans.filter { $0.isUNet }.count == 1)
    #expect(rig.processor.plans.filter { $0.isWholeDecoder }.count == 1)
    #expect(try await rig.draw().notices.isEmpty)
    #expect(rig.reopened.devices.withLock { $0.map(\.runs) } == [1])
  }

  // MARK: Values that are no numbers

  @Test func aDecoderThatOverflowsIsRepeatedInWiderNumbers() async throws {
    let rig = try await FailingRig(
      precision: .bfloat16, onRun: { $0.isWholeDecoder && !$0.computesIn32Bits ? .notANumber : nil })
    var request = TinyModel.request
    request.count = 2
    let (images, notices) = try await rig.draw(request)
    #expect(images.count == 2)
    #expect(notices.count == 1 && notices[0].contains("32-bit"))
    #expect(rig.device.plans.filter { $0.isWholeDecoder && $0.computesIn32Bits }.count == 1)
    #expect(rig.processor.plans.isEmpty)
  }

  @Test func aUNetThatOverflowsIsAnErrorThatNamesTheStep() async throws {
    let rig = try await FailingRig(onRun: { $0.isUNet && $0.runs == 3 ? .notANumber : nil })
    let error = await #expect(throws: ImagineError.self) { try await rig.draw() }
    #expect(error?.code == .nonFiniteValues)
    #expect(error?.message.contains("step 2 of 2") == true, "\(error?.message ?? "")")
  }

  @Test func aDecoderThatOverflowsIn32BitsIsAnError() async throws {
    let rig = try await FailingRig(onRun: { $0.isWholeDecoder ? .notANumber : nil })
    let error = await #expect(throws: ImagineError.self) { try await rig.draw() }
    #expect(error?.code == .nonFiniteValues)
  }

  // MARK: Cancelling

  @Test func tilesStopWhenTheTaskIsCancelled() async throws {
    let tiles = Atomic(0)
    let rig = try await FailingRig(
      tiling: .always,
      onRun: { call in
        if call.isTiledDecoder, tiles.add(1, ordering: .relaxed).newValue == 3 {
          withUnsafeCurrentTask { $0?.cancel() }
        }
        return nil
      })
    await #expect(throws: CancellationError.self) { try await rig.draw() }
    #expect(tiles.load(ordering: .relaxed) == 3)
  }
}

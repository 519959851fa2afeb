import Foundation
import Imagine
import Testing

@Suite struct PipelineTests {
  @Test func sameSeedSamePicture() async throws {
    let pipeline = try await TinyModel.pipeline()
    let first = try await pipeline.image(TinyModel.request)
    let second = try await pipeline.image(TinyModel.request)
    var other = TinyModel.request
    other.seed = 43
    let third = try await pipeline.image(other)
    #expect(first.pixels == second.pixels)
    #expect(first.pixels != third.pixels)
  }

  @Test func pictureOfABatchHasASeedOfItsOwn() async throws {
    let pipeline = try await TinyModel.pipeline()
    var request = TinyModel.request
    request.sampler = .eulerAncestral
    request.count = 2
    let batch = try await pipeline.images(request)
    request.count = 1
    request.seed = 43
    let alone = try await pipeline.image(request)
    #expect(batch.map(\.seed) == [42, 43])
    #expect(batch.last?.pixels == alone.pixels)
  }

  @Test func progressIsComplete() async throws {
    var request = TinyModel.request
    request.steps = 3
    request.count = 2
    var steps: [GenerationStep] = []
    for try await event in try await TinyModel.pipeline().generate(request) {
      if case .step(let step) = event { steps.append(step) }
    }
    #expect(steps.map(\.index) == [1, 2, 3, 1, 2, 3])
    #expect(steps.map(\.image) == [0, 0, 0, 1, 1, 1])
    #expect(steps.allSatisfy { $0.count == 3 && $0.imageCount == 2 })
  }

  @Test func cancelledReaderDoesNotSeeAnOrdinaryEnd() async throws {
    let pipeline = try await TinyModel.pipeline()
    var request = TinyModel.request
    request.steps = 1000
    let events = pipeline.generate(request)
    let task = Task { for try await _ in events {} }
    try await Task.sleep(for: .milliseconds(100))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test func guidanceOfOneNeedsNoNegativePrompt() async throws {
    var request = TinyModel.request
    request.guidanceScale = 1
    request.recordsTensors = true
    let image = try await TinyModel.pipeline().image(request)
    #expect(image.tensors?["context.negative"] == nil)
    #expect(image.tensors?["context.positive"] != nil)
  }

  @Test func severalSizesInTurn() async throws {
    let pipeline = try await TinyModel.pipeline()
    for size in [Size(width: 64, height: 40), Size(width: 8, height: 8), Size(width: 40, height: 72)] {
      var request = TinyModel.request
      request.size = size
      let image = try await pipeline.image(request)
      #expect(image.pixels.count == size.width * size.height * 3)
    }
  }

  @Test func pictureCarriesItsSettings() async throws {
    let image = try await TinyModel.pipeline().image(TinyModel.request)
    #expect(
      image.parameters
        == "a red house under a yellow sun\nSteps: 2, Sampler: Euler, Schedule type: Automatic, CFG scale: 7.5, Seed: 42, "
        + "Size: 64x64, Model hash: 717308adf0, Model: tiny-sd, RNG: CPU, Version: imagine \(ImagineVersion.number)")
  }

  @Test func existingFilesAreKept() async throws {
    let image = try await TinyModel.pipeline().image(TinyModel.request)
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "a.png")
      try Data("precious".utf8).write(to: url)
      let error = #expect(throws: ImagineError.self) { try image.writePNG(to: url) }
      #expect(error?.code == .unwritableOutput)
      let free = try image.writePNG(toFreeNameFor: url)
      #expect(free.lastPathComponent == "a-2.png")
      #expect(try Data(contentsOf: url) == Data("precious".utf8))
      #expect(try contents(of: folder) == ["a-2.png", "a.png"])
    }
  }

  @Test func unwritableOutputLeavesNothing() async throws {
    let image = try await TinyModel.pipeline().image(TinyModel.request)
    let error = #expect(throws: ImagineError.self) { try image.writePNG(to: URL(filePath: "/nowhere/at/all/a.png")) }
    #expect(error?.code == .unwritableOutput)
  }

  @Test func dumpIsReadable() async throws {
    var request = TinyModel.request
    request.recordsTensors = true
    let image = try await TinyModel.pipeline().image(request)
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "dump.safetensors")
      try #require(image.tensors).write(to: url)
      let report = try DumpFile(url)
      #expect(report["tokens.positive"] == [1, 77])
      #expect(report["context.negative"] == [1, 77, 16])
      #expect(report["noise_pred.1"] == [1, 4, 8, 8])
      #expect(report["image"] == [1, 3, 64, 64])
    }
  }
}

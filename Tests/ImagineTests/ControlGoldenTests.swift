import Foundation
import Imagine
import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import ImagineTesting
import Testing

/// Whole runs with ControlNets, T2I-Adapters and IP-Adapters against diffusers' own pipelines.
@Suite struct ControlGoldenTests {
  static let runs = [
    "run_sd1_two", "run_sd1_guess", "run_sd1_shuffle", "run_sdxl_control", "run_sd1_t2i", "run_sdxl_t2i", "run_sd1_ip",
    "run_sd1_ip_plus", "run_sdxl_ip", "run_sdxl_ip_plus", "run_sd1_all", "run_sd1_loras",
  ]

  @Test("A run with what guides it is diffusers', within 1e-3", arguments: runs, PartModel.Layout.allCases)
  func agreesWithDiffusers(_ run: String, _ layout: PartModel.Layout) async throws {
    let golden = try ControlGolden(run)
    try await withPipeline(golden.family) { pipeline, folder in
      try golden.expect(try await pipeline.image(golden.request(layout, in: folder)))
    }
  }

  @Test(
    "What guides for no step, or counts nothing, leaves the picture as it is",
    arguments: ["run_sd1_all", "run_sdxl_t2i"])
  func withoutEffect(_ run: String) async throws {
    let golden = try ControlGolden(run)
    try await withPipeline(golden.family) { pipeline, folder in
      let guided = try golden.request(.folder, in: folder)
      var plain = guided, never = guided, nothing = guided
      (plain.controls, plain.imagePrompts) = ([], [])
      for index in guided.controls.indices {
        (never.controls[index].start, never.controls[index].end) = (0.9, 0.95)
        nothing.controls[index].weight = 0
      }
      for index in guided.imagePrompts.indices {
        (never.imagePrompts[index].start, never.imagePrompts[index].end) = (0.9, 0.95)
        nothing.imagePrompts[index].weight = 0
      }
      let expected = try await pipeline.image(plain).pixels
      #expect(try await pipeline.image(never).pixels == expected)
      #expect(try await pipeline.image(nothing).pixels == expected)
      #expect(try await pipeline.image(guided).pixels != expected)
    }
  }

  @Test("A second pass is guided at its own size, and seamless pictures are, too")
  func passes() async throws {
    let golden = try ControlGolden("run_sd1_two")
    try await withPipeline("sd1") { pipeline, folder in
      var request = try golden.request(.original, in: folder)
      request.steps = 2
      request.recordsTensors = false
      request.hires = HiresFix()
      request.hires?.scale = 1.5
      request.tiling = [.x, .y]
      let guided = try await pipeline.image(request)
      #expect(guided.size == Size(width: 96, height: 96))
      for index in request.controls.indices { request.controls[index].importance = .control }
      let other = try await pipeline.image(request).pixels
      #expect(other != guided.pixels)
      request.controls = []
      let plain = try await pipeline.image(request).pixels
      #expect(plain != guided.pixels && plain != other)
    }
  }

  @Test("The estimate knows the networks that guide, and a file says which they were")
  func estimateAndRecord() async throws {
    let golden = try ControlGolden("run_sd1_all")
    try await withPipeline("sd1") { pipeline, folder in
      var request = try golden.request(.original, in: folder)
      request.controls[0].preprocessor = try ControlPreprocessor(named: "canny:40:90")
      request.recordsTensors = false
      let stages = try await pipeline.estimate(request).stages.map(\.name)
      for name in ["ControlNet", "IP-Adapter", "image encoder"] { #expect(stages.contains(name), "\(stages)") }
      let image = try await pipeline.image(request)
      #expect(
        image.parameters.contains(
          "ControlNet 0: \"Module: canny, Model: control0-controlnet_sd1, Weight: 0.7, Resize Mode: Crop and Resize, "
            + "Threshold A: 40, Threshold B: 90, Guidance Start: 0, Guidance End: 1, Pixel Perfect: True, Control Mode: "
            + "Balanced\""), "\(image.parameters)")
      #expect(image.parameters.contains("ControlNet 1: \"Module: ip-adapter_clip, Model: adapter0"))
      let recorded = RecordedSettings(parameters: image.parameters)
      #expect(recorded.unhonoured.count { $0.contains("guided through") } == 3, "\(recorded.unhonoured)")
      #expect(recorded.unhonoured.contains { $0.contains("control0-controlnet_sd1") })
    }
  }

  @Test("With little memory, where networks make room for each other, what guides is the same")
  func littleMemory() async throws {
    let golden = try ControlGolden("run_sd1_all")
    try await withPipeline("sd1", lowMemory: .always) { pipeline, folder in
      try golden.expect(try await pipeline.image(golden.request(.folder, in: folder)))
    }
  }

  @Test("A picture is guided where steps share features, and a refiner goes on without, and says so")
  func sharedFeaturesAndRefiners() async throws {
    let golden = try ControlGolden("run_sdxl_control")
    try await withPipeline("sdxl") { pipeline, folder in
      var request = try golden.request(.original, in: folder)
      request.recordsTensors = false
      let adapter = try PartModel("ip_sdxl").write(.original, in: folder, name: "ip")
      let t2i = try PartModel("t2i_sdxl").write(.original, in: folder, name: "t2i")
      let encoder = try PartModel("image_encoder").write(.original, in: folder, name: "vision")
      let picture = try ControlGolden.picture("b")
      request.controls.append(ControlImage(model: t2i, picture: picture))
      request.controls[0].end = 0.5
      request.imagePrompts = [ImagePrompt(model: adapter, encoder: encoder, pictures: [picture])]
      let whole = try await pipeline.image(request).pixels
      request.featureCache = FeatureCache(interval: 2)
      #expect(try await pipeline.image(request).pixels != whole)
      request.featureCache = nil
      let other = folder.appending(path: "refiner.safetensors")
      try FamilyModel("sdxl_refiner").writeFile(to: other)
      request.refiner = Refiner(try await Pipeline(model: other, on: pipeline.engine), start: 0.5)
      var notices: [String] = [], refined: [UInt8] = []
      for try await event in pipeline.generate(request) {
        if case .notice(let notice) = event { notices.append(notice.message) }
        if case .image(let image) = event { refined = image.pixels }
      }
      #expect(!refined.isEmpty)
      #expect(notices.contains { $0.contains("refiner is another model") }, "\(notices)")
    }
  }

  @Test("A picture of which a part is drawn alone is guided by the same part")
  func parts() async throws {
    try await withPipeline("sd1") { pipeline, folder in
      var request = GenerationRequest(prompt: "a house", size: Size(width: 64, height: 64), steps: 2)
      request.seed = 1
      var image = InitialImage(try ControlGolden.picture("a", width: 128, height: 128))
      let white = (0..<128 * 128).flatMap { pixel -> [UInt8] in
        (16..<48).contains(pixel % 128) && (16..<48).contains(pixel / 128) ? [255, 255, 255] : [0, 0, 0]
      }
      image.mask = Mask(try SourcePicture(size: Size(width: 128, height: 128), pixels: white))
      image.mask?.blur = 0
      image.mask?.padding = 0
      request.initialImage = image
      let url = try PartModel("controlnet_sd1").write(.folder, in: folder, name: "control")
      request.controls = [ControlImage(model: url)]
      let own = try await pipeline.image(request).pixels
      // The picture itself guides, unless another does: the same one is no difference, one that differs elsewhere neither.
      var pixels = image.picture.pixels
      for index in 3 * 128 * 100..<pixels.count { pixels[index] = 0 }
      request.controls[0].picture = try SourcePicture(size: image.picture.size, pixels: pixels)
      #expect(try await pipeline.image(request).pixels == own)
      request.controls[0].picture = try ControlGolden.picture("b", width: 96, height: 96)
      #expect(try await pipeline.image(request).pixels != own)
      // What is hidden under the mask guides by its being hidden.
      request.controls[0].picture = nil
      request.controls[0].preprocessor = .inpaint
      #expect(try await pipeline.image(request).pixels != own)
      request.initialImage?.mask = nil
      let error = await #expect(throws: ImagineError.self) { try await pipeline.image(request) }
      #expect(error?.message.contains("there is no mask") == true)
    }
  }

  private func withPipeline(
    _ family: String, lowMemory: LowMemory = .automatic, _ body: (Pipeline, URL) async throws -> Void
  ) async throws {
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "\(family).safetensors")
      try FamilyModel(family).writeFile(to: url)
      let options = Engine.Options(device: .cpu, precision: Imagine.Precision.float32, lowMemory: lowMemory)
      try await body(Pipeline(model: url, options: options), folder)
    }
  }
}

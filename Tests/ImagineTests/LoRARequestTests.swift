import Foundation
import Imagine
import ImagineGoldens
import Testing

/// LoRAs in requests: by file and by name, in prompts and in records.
@Suite struct LoRARequestTests {
  /// A model of the SD 1 family with LoRAs in its library.
  private func withModel(
    _ names: [String: String] = ["style": "kohya"], _ body: (Pipeline, URL) async throws -> Void
  ) async throws {
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "model.safetensors"), loras = folder.appending(path: "models/Lora/deep")
      try FileManager.default.createDirectory(at: loras, withIntermediateDirectories: true)
      try FamilyModel("sd1").writeFile(to: url)
      for (name, dialect) in names { _ = try AdapterGolden.of(dialect, "sd1").write(to: loras, name: name) }
      let library = ModelLibrary(folders: [ModelLibrary.Folder(folder.appending(path: "models"))])
      let options = Pipeline.Options(device: .cpu, precision: Imagine.Precision.float32)
      try await body(try await Pipeline(model: url, options: options, library: library), loras)
    }
  }

  private func request(_ prompt: String, _ loras: [LoRA] = []) -> GenerationRequest {
    var request = TinyModel.request
    request.prompt = prompt
    request.loras = loras
    request.steps = 1
    return request
  }

  @Test func promptsNameThem() async throws {
    try await withModel { pipeline, folder in
      let file = folder.appending(path: "style.safetensors")
      let given = try await pipeline.image(request("a house ", [LoRA(file, weight: 0.5, textEncoderWeight: 0.25)]))
      let plain = try await pipeline.image(request("a house "))
      #expect(given.pixels != plain.pixels)
      for prompt in [
        "a house <lora:style:0.25:0.5>", "a <lora:STYLE:te=.25:unet=.5>house ", "<lyco:sty:0.25:0.5>a house ",
      ] {
        let image = try await pipeline.image(request(prompt))
        #expect(image.pixels == given.pixels, "\(prompt)")
      }
      let named = try await pipeline.image(
        request("a house ", [LoRA(named: "style.safetensors", weight: 0.5, textEncoderWeight: 0.25)]))
      #expect(named.pixels == given.pixels)
      // A file of the name is what is meant, with the prompt's weights, and once.
      let copy = folder.appending(path: "other.safetensors")
      try FileManager.default.copyItem(at: file, to: copy)
      var other = LoRA(copy)
      other.name = "mine"
      let meant = try await pipeline.image(request("a house <lora:mine:0.25:0.5>", [other]))
      #expect(meant.pixels == given.pixels)
      // In another language a tag is text.
      var text = request("a house <lora:nothing:1>")
      text.promptSyntax = .plain
      _ = try await pipeline.image(text)
    }
  }

  @Test(arguments: [
    ("<lora:nothing:1>", "There is no LoRA 'nothing'"), ("<hypernet:x:1>", "hypernetwork"),
    ("<lora:style:x>", "'x' is no number"),
    ("<lora:style:5000>", "weight of 5000"), ("<lora:style:1:lbw=1,2>", "2 weights of blocks"),
  ])
  func whatCannotBeDone(_ tag: String, _ words: String) async throws {
    try await withModel { pipeline, _ in
      let error = try #require(throws: ImagineError.self) { try pipeline.validate(request("a \(tag)")) }
      #expect(error.message.contains(words), "\(error.message)")
      await #expect(throws: ImagineError.self) { try await pipeline.image(request("a \(tag)")) }
    }
  }

  @Test func filesOfAnotherModel() async throws {
    try await withModel { pipeline, folder in
      let file = try AdapterGolden.of("kohya", "sdxl").write(to: folder, name: "xl")
      let error = try #require(throws: ImagineError.self) { try pipeline.validate(request("a", [LoRA(file)])) }
      #expect(error.code == .unsupportedModel && error.message.contains("was made for Stable Diffusion XL"))
      #expect(error.message.contains("'xl.safetensors'") && error.path?.hasSuffix("xl.safetensors") == true)
    }
  }

  @Test func whatFitsInPart() async throws {
    try await withModel { pipeline, folder in
      let file = try AdapterGolden.of("kohya", "sd1").write(to: folder, name: "part") { tensors in
        tensors["lora_unet_nowhere.alpha"] = ([], [1])
      }
      var request = request("a", [LoRA(file)])
      let error = try #require(throws: ImagineError.self) { try pipeline.validate(request) }
      #expect(error.message.contains("216 of 217 tensors fit") && error.message.contains("'lora_unet_nowhere.alpha'"))
      request.allowsPartialLoRAs = true
      var notices: [String] = []
      for try await event in pipeline.generate(request) {
        if case .notice(let notice) = event { notices.append(notice.message) }
      }
      #expect(notices.contains { $0.contains("216 of 217 tensors are applied") })
    }
  }

  @Test func recordsNameThemAndAreReadBack() async throws {
    try await withModel(["style": "kohya", "dora": "kohya with DoRA"]) { pipeline, folder in
      let file = folder.appending(path: "style.safetensors")
      let first = try await pipeline.image(
        request("a house <lora:dora:0.75>", [LoRA(file, weight: 0.5, textEncoderWeight: 0.25)]))
      #expect(first.parameters.hasPrefix("<lora:style:0.25:0.5>a house <lora:dora:0.75>\n"))
      #expect(first.parameters.contains("Lora hashes: \"style: "))
      let settings = RecordedSettings(parameters: first.parameters)
      #expect(settings.unhonoured == [])
      #expect(settings.loras.map(\.name) == ["style", "dora"] && settings.loras.allSatisfy { $0.hash?.count == 12 })
      let again = try await pipeline.image(settings.request)
      #expect(again.pixels == first.pixels && again.parameters == first.parameters)
      // By its hash, under another name.
      let moved = folder.appending(path: "moved.safetensors")
      try FileManager.default.moveItem(at: file, to: moved)
      let found = try #require(try await pipeline.library.lora(named: "style", hash: settings.loras[0].hash))
      #expect(found.file.lastPathComponent == "moved.safetensors" && found.hasHash)
      let other = try #require(try await pipeline.library.lora(named: "dora", hash: "000000000000"))
      #expect(!other.hasHash && other.file.lastPathComponent == "dora.safetensors")
      #expect(try await pipeline.library.lora(named: "nothing", hash: nil) == nil)
      var known = settings
      known.use(moved, for: settings.loras[0])
      #expect(try await pipeline.image(known.request).pixels == first.pixels)
    }
  }

  /// In other languages than AUTOMATIC1111's a tag would be text: a field of its own keeps them.
  @Test func recordsOfOtherLanguages() async throws {
    try await withModel { pipeline, folder in
      var plain = request(
        "a house", [LoRA(folder.appending(path: "style.safetensors"), weight: 0.5, textEncoderWeight: 0)])
      plain.promptSyntax = .comfy
      let first = try await pipeline.image(plain)
      #expect(first.parameters.hasPrefix("a house\n") && first.parameters.contains("LoRAs: \"style: 0.0 0.5\""))
      let settings = RecordedSettings(parameters: first.parameters)
      #expect(settings.request.loras == [LoRA(named: "style", weight: 0.5, textEncoderWeight: 0)])
      #expect(settings.unhonoured == [])
      #expect(try await pipeline.image(settings.request).pixels == first.pixels)
    }
  }

  @Test(
    arguments: [
      ("lcm-lora-sdv1-5", "lcm", 4, 1), ("Hyper-SD15-8steps-lora", "euler", 8, 1), ("TCD-SD15-LoRA", "tcd", 4, 1),
      ("sdxl_lightning_2step_lora", "euler", 2, 1), ("dmd2_sdxl_4step_lora", "lcm", 4, 1),
      ("Hyper-SD15-12steps-CFG-lora", "euler", 12, 5),
    ] as [(String, String, Int, Float)])
  func thoseForFewStepsSaySo(_ name: String, _ sampler: String, _ steps: Int, _ guidance: Float) async throws {
    try await withModel([name: "kohya"]) { pipeline, folder in
      var request = GenerationRequest(prompt: "a <lora:\(name):0.5>", size: Size(width: 64, height: 64))
      let resolved = pipeline.resolved(request)
      #expect(resolved.sampler?.name == sampler && resolved.steps == steps && resolved.guidanceScale == guidance)
      request.steps = 1
      request.sampler = .ddim
      #expect(pipeline.resolved(request).steps == 1 && pipeline.resolved(request).sampler == .ddim)
      var notices: [String] = []
      for try await event in pipeline.generate(request) {
        if case .notice(let notice) = event, notice.code == .settings { notices.append(notice.message) }
      }
      #expect(
        notices == [
          "The LoRA \(name) was made for few steps: a guidance scale of \(guidance), as nothing else is said."
        ])
    }
  }

  /// Ordinary names with such words in them.
  @Test(arguments: ["lightning_bolts", "turbo_engine_v2", "hyperrealism", "style"])
  func othersDoNot(_ name: String) async throws {
    try await withModel([name: "kohya"]) { pipeline, _ in
      let request = GenerationRequest(prompt: "a <lora:\(name):0.5>")
      #expect(pipeline.resolved(request).steps == pipeline.report.defaults.steps)
    }
  }

  @Test func reportsTellWhatIsInThem() async throws {
    try await withTemporaryFolder { folder in
      let file = try AdapterGolden.of("kohya with DoRA", "sd1").write(to: folder, name: "d")
      let report = try #require(try LoRAReport(inspecting: file))
      #expect(report.kinds.contains("DoRA") && report.ranks == [3] && report.tensorCount == 296)
      #expect(report.description.contains("<lora:d:1>"))
      #expect(try LoRAReport(inspecting: TinyModel.file) == nil)
    }
  }
}

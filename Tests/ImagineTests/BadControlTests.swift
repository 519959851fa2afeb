import Foundation
import Imagine
import ImagineCheckpoint
import ImagineGoldens
import Testing

/// Files that cannot guide, and requests that ask for what is not possible: each is refused with a sentence.
@Suite struct BadControlTests {
  @Test("A file that is no network to guide by is said to be none, and what it is")
  func otherFiles() async throws {
    try await withPipeline("sd1") { pipeline, folder in
      let control = try Data(contentsOf: PartModel("controlnet_sd1").write(.original, in: folder, name: "whole"))
      func file(_ name: String, _ bytes: Data) throws -> URL {
        let url = folder.appending(path: name)
        try bytes.write(to: url)
        return url
      }
      func tensors(_ name: String, _ tensors: [(String, [Int])]) throws -> URL {
        let url = folder.appending(path: name)
        try SafetensorsWriter.write(
          tensors.map { .init(name: $0, shape: $1, values: .float32([Float](repeating: 0, count: $1.reduce(1, *)))) },
          to: url)
        return url
      }
      let model = folder.appending(path: "sd1.safetensors")
      let cases: [(URL, String)] = [
        (folder.appending(path: "none.safetensors"), "none.safetensors"),
        (try file("empty.safetensors", Data()), "empty.safetensors"),
        (try file("cut.safetensors", control.prefix(control.count / 2)), "cut.safetensors"),
        (try file("text.safetensors", Data("hello".utf8)), "text.safetensors"),
        (model, "Stable Diffusion 1"),
        (
          try tensors("lora.safetensors", [("lora_unet_mid_block_attentions_0_proj_in.lora_down.weight", [4, 4])]),
          "a LoRA"
        ),
        (try tensors("lllite.safetensors", [("lllite_unet_input_blocks_4_1.down.0.weight", [4, 4])]), "LLLite"),
        (try tensors("union.safetensors", [("task_embedding", [6, 8]), ("controlnet_mid_block.bias", [4])]), "union"),
        (
          try tensors("fp8.safetensors", [("controlnet_mid_block.bias", [4]), ("conv_in.scale_weight", [1])]),
          "conv_in.scale_weight"
        ),
        (try PartModel("controlnet_sdxl").write(.folder, in: folder, name: "large"), "was made for"),
        (try PartModel("t2i_sdxl").write(.folder, in: folder, name: "large-t2i"), "Stable Diffusion XL"),
        (try PartModel("ip_sd1").write(.original, in: folder, name: "ip"), "an IP-Adapter"),
      ]
      for (url, words) in cases {
        try await expectRefusal(words, pipeline) { $0.controls = [ControlImage(model: url, picture: try picture)] }
      }
    }
  }

  @Test("A weight that is missing or of another shape is named, and one that is no number comes out")
  func damagedWeights() async throws {
    try await withPipeline("sd1") { pipeline, folder in
      let part = try PartModel("controlnet_sd1")
      var lacking = try part.tensors(.folder), misshapen = lacking, unknown = lacking
      let place = try #require(lacking.firstIndex { $0.name == "controlnet_mid_block.bias" })
      lacking.remove(at: place)
      misshapen[place] = .init(name: "controlnet_mid_block.bias", shape: [3], values: .float32([1, 2, 3]))
      unknown.append(.init(name: "something.else", shape: [1], values: .float32([1])))
      unknown.append(.init(name: "controlnet_down_blocks.99.bias", shape: [1], values: .float32([1])))
      func write(_ name: String, _ tensors: [SafetensorsWriter.Tensor]) throws -> URL {
        let url = folder.appending(path: "\(name).safetensors")
        let config = try #require(part.configuration.map { String(decoding: $0, as: UTF8.self) })
        try SafetensorsWriter.write(tensors, metadata: ["config": "{\"controlnet\": \(config)}"], to: url)
        return url
      }
      for (url, words) in [
        (try write("lacking", lacking), "controlnet_mid_block.bias"),
        (try write("misshapen", misshapen), "controlnet_mid_block.bias"),
      ] {
        try await expectRefusal(words, pipeline) { $0.controls = [ControlImage(model: url, picture: try picture)] }
      }
      var notices: [String] = []
      var request = TinyModel.request
      request.controls = [ControlImage(model: try write("unknown", unknown), picture: try picture)]
      for try await event in pipeline.generate(request) {
        if case .notice(let notice) = event { notices.append(notice.message) }
      }
      #expect(notices.contains { $0.hasPrefix("2 tensors of 'unknown'") }, "\(notices)")

      var broken = part
      broken.values["controlnet.controlnet_mid_block.bias"] = [Float](repeating: .nan, count: 16)
      request.controls = [
        ControlImage(model: try broken.write(.folder, in: folder, name: "broken"), picture: try picture)
      ]
      let error = await #expect(throws: ImagineError.self) { try await pipeline.image(request) }
      #expect(error?.code == .nonFiniteValues && error?.message.contains("'broken'") == true, "\(error?.message ?? "")")
    }
  }

  @Test("An adapter of pictures without its encoder, or with another, is refused by name; the one beside it is found")
  func encoders() async throws {
    try await withPipeline("sd1") { pipeline, folder in
      let adapter = try PartModel("ip_sd1").write(.original, in: folder, name: "adapter")
      let control = try PartModel("controlnet_sd1").write(.folder, in: folder, name: "control")
      let pictures = [try picture]
      try await expectRefusal("needs an image encoder", pipeline) {
        $0.imagePrompts = [ImagePrompt(model: adapter, pictures: pictures)]
      }
      try await expectRefusal("no image encoder", pipeline) {
        $0.imagePrompts = [ImagePrompt(model: adapter, encoder: control, pictures: pictures)]
      }
      try await expectRefusal("a ControlNet", pipeline) {
        $0.imagePrompts = [ImagePrompt(model: control, pictures: pictures)]
      }
      try await expectRefusal("0 pictures", pipeline) { $0.imagePrompts = [ImagePrompt(model: adapter, pictures: [])] }
      let encoder = try PartModel("image_encoder").write(.folder, in: folder, name: "image_encoder")
      var request = TinyModel.request
      request.imagePrompts = [ImagePrompt(model: adapter, pictures: pictures)]
      let found = try await pipeline.image(request).pixels
      request.imagePrompts[0].encoder = encoder
      #expect(try await pipeline.image(request).pixels == found)
      // Two pictures are looked at together.
      request.imagePrompts[0].pictures += [try ControlGolden.picture("b", width: 30, height: 90)]
      #expect(try await pipeline.image(request).pixels != found)
      let faces = folder.appending(path: "faces.safetensors")
      try SafetensorsWriter.write(
        [
          .init(name: "image_proj.proj.0.weight", shape: [4, 4], values: .float32([Float](repeating: 0, count: 16))),
          .init(name: "image_proj.norm.weight", shape: [4], values: .float32([1, 1, 1, 1])),
          .init(
            name: "ip_adapter.1.to_k_ip.weight", shape: [4, 4], values: .float32([Float](repeating: 0, count: 16))),
        ], to: faces)
      try await expectRefusal("InsightFace", pipeline) {
        $0.imagePrompts = [ImagePrompt(model: faces, pictures: pictures)]
      }
    }
  }

  @Test("Numbers that are not possible, and sizes that a network cannot be run at, are refused")
  func numbers() async throws {
    try await withPipeline("sdxl") { pipeline, folder in
      let url = try PartModel("t2i_sdxl").write(.original, in: folder, name: "t2i")
      func control(_ change: (inout ControlImage) -> Void) throws -> ControlImage {
        var control = ControlImage(model: url, picture: try picture)
        change(&control)
        return control
      }
      for (words, change) in [
        ("weight", { $0.weight = .nan }), ("weight", { $0.weight = 100 }),
        ("0.5 to 0.2", { ($0.start, $0.end) = (0.5, 0.2) }),
        ("shares", { $0.end = 2 }), ("there is none", { $0.picture = nil }), ("latents", { $0.resizing = .latent }),
      ] as [(String, (inout ControlImage) -> Void)] {
        try await expectRefusal(words, pipeline) { $0.controls = [try control(change)] }
      }
      try await expectRefusal("multiples of 16", pipeline) {
        $0.controls = [try control { _ in }]
        $0.size = Size(width: 72, height: 64)
      }
      try await expectRefusal("17 pictures", pipeline) {
        $0.controls = try (0..<17).map { _ in try control { _ in } }
      }
      for name in ["canny:1", "canny:100:200", "blur:2.5", "tile:3", "scribble:50", "none", "inpaint"] {
        #expect(
          try ControlPreprocessor(named: name).description
            == (name == "canny:1" ? "canny:1:200" : name == "canny:100:200" ? "canny" : name))
      }
      for name in ["depth", "canny:a", "blur:", "inpaint:2", ""] {
        #expect(throws: ImagineError.self) { try ControlPreprocessor(named: name) }
      }
    }
  }

  private var picture: SourcePicture {
    get throws { try ControlGolden.picture("a") }
  }

  private func expectRefusal(
    _ words: String, _ pipeline: Pipeline, _ change: (inout GenerationRequest) throws -> Void
  ) async throws {
    var request = TinyModel.request
    try change(&request)
    let error = #expect(throws: ImagineError.self) { try pipeline.validate(request) }
    let message = error?.message ?? ""
    #expect(message.contains(words), "\(message)")
    #expect(message.hasSuffix(".") && !message.contains("\n"), "\(message)")
  }

  private func withPipeline(_ family: String, _ body: (Pipeline, URL) async throws -> Void) async throws {
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "\(family).safetensors")
      try FamilyModel(family).writeFile(to: url)
      try await body(Pipeline(model: url, options: .init(device: .cpu, precision: Imagine.Precision.float32)), folder)
    }
  }
}

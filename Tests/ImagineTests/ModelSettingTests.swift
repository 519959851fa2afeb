import Foundation
import Imagine
import ImagineEngineTesting
import ImagineTesting
import Testing

/// What a model's file asks for is drawn or refused when the model is opened; `inspect` says the same.
@Suite struct ModelSettingTests {
  private func open(_ model: ChangedModel, name: String = "model.safetensors", in folder: URL) async throws -> Pipeline
  {
    let url = folder.appending(path: name)
    try model.write(to: url)
    return try await Pipeline(model: url, options: .init(device: .cpu, precision: .float32))
  }

  private func refuse(
    _ model: ChangedModel, _ code: ImagineError.Code, _ words: String, _ location: SourceLocation = #_sourceLocation
  ) async throws {
    try await withTemporaryFolder { folder in
      let error = await #expect(throws: ImagineError.self, sourceLocation: location) {
        try await open(model, in: folder)
      }
      #expect(error?.code == code, "\(error?.message ?? "")", sourceLocation: location)
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "")", sourceLocation: location)
      let url = folder.appending(path: "model.safetensors")
      let isComplete = try? ModelReport(inspecting: url).isComplete
      #expect(isComplete != true, "inspect calls it complete", sourceLocation: location)
    }
  }

  @Test(arguments: [
    ("scheduler", "prediction_type", "\"flow\""), ("scheduler", "rescale_betas_zero_snr", "true"),
    ("scheduler", "trained_betas", "[0.1, 0.2]"), ("scheduler", "beta_schedule", "\"squaredcos_cap_v2\""),
    ("scheduler", "beta_end", "0.0001"), ("unet", "act_fn", "\"mish\""), ("unet", "strange", "1"),
    ("unet", "time_embedding_dim", "256"), ("unet", "attention_head_dim", "2.5"), ("vae", "shift_factor", "0.1"),
    ("text_encoder", "hidden_act", "\"relu\""), ("defaults", "sampler", "\"no such sampler\""),
    ("defaults", "schedule", "\"no such schedule\""), ("scheduler", "timestep_spacing", "\"sideways\""),
    ("scheduler", "_class_name", "\"FlowMatchEulerDiscreteScheduler\""), ("scheduler", "sigma_max", "80"),
    ("defaults", "steps", "0"), ("defaults", "width", "-8"),
  ])
  func settings(_ part: String, _ key: String, _ value: String) async throws {
    let words = key == "beta_end" ? "betas" : key
    try await refuse(ChangedModel(settings: [(part, key, value)]), .unsupportedModel, words)
  }

  @Test("A UNet with layers that this version does not know is not drawn without them")
  func foreignWeights() async throws {
    for name in [
      "unet.time_embedding.cond_proj.weight", "unet.add_embedding.linear_1.bias",
      "unet.mid_block.resnets.0.conv3.weight",
      "unet.down_blocks.0.attentions.0.transformer_blocks.0.fuser.alpha", "unet.something.new",
      "vae.decoder.time_stack.0",
      "text_encoder.text_model.encoder.layers.0.self_attn.q_proj.strange",
    ] {
      try await refuse(ChangedModel(added: [(name, [4])]), .incompleteModel, "of another structure")
    }
  }

  @Test func spareWeightsDoNoHarm() async throws {
    try await withTemporaryFolder { folder in
      let model = ChangedModel(added: [("text_encoder.text_projection.weight", [16, 16]), ("something", [1])])
      let pipeline = try await open(model, in: folder)
      #expect(pipeline.report.isComplete && pipeline.report.unused == ["text_encoder.text_projection.weight"])
    }
  }

  @Test("Weights stored as whole numbers, with nothing that says what they stand for")
  func wholeNumbers() async throws {
    try await withTemporaryFolder { folder in
      var data = try Data(contentsOf: TinyModel.file)
      var count = 0
      while let range = data.range(of: Data("\"F16\"".utf8)) {
        data.replaceSubrange(range, with: Data("\"I16\"".utf8))
        count += 1
      }
      try #require(count > 900)
      let url = folder.appending(path: "model.safetensors")
      try data.write(to: url)
      let error = #expect(throws: ImagineError.self) { try ModelReport(inspecting: url) }
      #expect(error?.code == .unsupportedModel && error?.message.contains("whole numbers") == true)
    }
  }

  @Test func anAutoencoderWithoutEncoderDraws() async throws {
    try await withTemporaryFolder { folder in
      let pipeline = try await open(ChangedModel(removed: ["vae.encoder.", "vae.quant_conv."]), in: folder)
      let image = try await pipeline.image(TinyModel.request)
      #expect(image.pixels == (try await TinyModel.pipeline().image(TinyModel.request)).pixels)
    }
    // A half of one is a damaged file.
    try await refuse(ChangedModel(removed: ["vae.encoder.conv_in."]), .incompleteModel, "vae.encoder.conv_in")
  }

  // MARK: v-prediction

  /// With one step of Euler's method to the end, the picture's latents are what the model's output stands for.
  private func expectVelocity(from pipeline: Pipeline) async throws {
    var request = TinyModel.request
    (request.steps, request.recordsTensors, request.sampler) = (1, true, .euler)
    let tensors = try #require(try await pipeline.image(request).tensors)
    let x = try #require(tensors["latents.initial"]).values, v = try #require(tensors["noise_pred.0"]).values
    let betas = (0..<1000).map { index in
      let root = 0.00085.squareRoot() + Double(index) / 999 * (0.012.squareRoot() - 0.00085.squareRoot())
      return root * root
    }
    let alpha = betas.reduce(1) { $0 * (1 - $1) }
    let sigma = ((1 - alpha) / alpha).squareRoot()
    // Salimans & Ho (2022), appendix D, in k-diffusion's scale.
    let expected = zip(x, v).map { x, v in
      Float(Double(x) / (sigma * sigma + 1) - Double(v) * sigma / (sigma * sigma + 1).squareRoot())
    }
    #expect(Comparison(try #require(tensors["latents.final"]).values, expected).relativeL2 < 1e-4)
  }

  @Test func velocityIsDrawnAsVelocity() async throws {
    let marked: [ChangedModel] = [
      ChangedModel(added: [("v_pred", [0])]), ChangedModel(notes: ["modelspec.prediction_type": "v"]),
    ]
    let usual = try await TinyModel.pipeline().image(TinyModel.request)
    for var model in marked {
      // The file's own configuration says epsilon; a real one of this kind has none.
      model.settings = [("scheduler", "prediction_type", "null")]
      try await withTemporaryFolder { folder in
        let pipeline = try await open(model, in: folder)
        #expect(try await pipeline.image(TinyModel.request).pixels != usual.pixels)
        try await expectVelocity(from: pipeline)
      }
    }
    try await refuse(ChangedModel(added: [("v_pred", [0])]), .unsupportedModel, "v_pred")
    try await refuse(ChangedModel(added: [("ztsnr", [0])]), .unsupportedModel, "ztsnr")
  }

  @Test func theFileBesideTheModelIsRead() async throws {
    try await withTemporaryFolder { folder in
      let yaml = folder.appending(path: "model.yaml")
      try "model:\n  params:\n    parameterization: \"v\"\n".write(to: yaml, atomically: true, encoding: .utf8)
      try await expectVelocity(from: open(ChangedModel(), in: folder))
      for (text, words) in [
        ("model:\n  params:\n    parameterization: w\n", "parameterization"), ("model: &x 1\n", "model.yaml"),
        ("model:\n  params:\n    strange: 1\n", "strange"),
      ] {
        try text.write(to: yaml, atomically: true, encoding: .utf8)
        let error = await #expect(throws: ImagineError.self) {
          try await Pipeline(model: folder.appending(path: "model.safetensors"))
        }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
      }
    }
  }

  @Test func aTokenizerThatPadsWithAnotherTokenIsRefused() async throws {
    try await withTemporaryFolder { folder in
      try ModelCopy.writeFolder(of: TinyModel.file, to: folder)
      let tokenizer = folder.appending(path: "tokenizer")
      try FileManager.default.createDirectory(at: tokenizer, withIntermediateDirectories: true)
      for (pad, isTaken) in [
        ("\"<|endoftext|>\"", true), ("{\"content\":\"<|endoftext|>\",\"lstrip\":false}", true), ("\"!\"", true),
        ("\"<pad>\"", false),
      ] {
        try "{\"pad_token\":\(pad),\"model_max_length\":77,\"add_prefix_space\":false}".write(
          to: tokenizer.appending(path: "tokenizer_config.json"), atomically: true, encoding: .utf8)
        let report = try? ModelReport(inspecting: folder)
        #expect((report?.isComplete == true) == isTaken, "\(pad)")
      }
    }
  }

  @Test func aModelSaysItsOwnSize() async throws {
    try await withTemporaryFolder { folder in
      let pipeline = try await open(ChangedModel(settings: [("unet", "sample_size", "[12, 16]")]), in: folder)
      #expect(pipeline.recommendedRequest(prompt: "").size == Size(width: 128, height: 96))
    }
  }

  @Test func reportsShowNoControls() async throws {
    try await withTemporaryFolder { folder in
      let pipeline = try await open(ChangedModel(added: [("x\u{1B}[2J\nforged  complete", [1])]), in: folder)
      let lines = pipeline.report.description.split(separator: "\n")
      #expect(lines.contains { $0.contains("x\\u{1b}[2J\\u{a}forged") })
      #expect(pipeline.report.description.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" })
    }
  }
}

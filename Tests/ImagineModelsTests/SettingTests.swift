import ImagineCheckpoint
import ImagineGraph
import Testing

@testable import ImagineModels

/// Every setting that comes with a model is honoured, known to be harmless, or refused by its name.
@Suite struct SettingTests {
  /// What the miniature model needs to be told, since no shape shows it.
  private static let told = [
    "unet": "\"norm_num_groups\":8,\"attention_head_dim\":4", "vae": "\"norm_num_groups\":8",
    "text_encoder": "\"num_attention_heads\":4",
  ]

  private static let shapes = DiffusionModel.synthetic(.miniature).model.parameters

  /// Reads the miniature model's structure with settings added to some of its parts.
  private func configuration(
    _ settings: [String: String] = [:], notes: [String: String] = [:], markers: Set<String> = [],
    changing change: (inout [String: Shape]) -> Void = { _ in }
  ) throws -> ModelConfiguration {
    var shapes = Self.shapes
    change(&shapes)
    let texts = Self.told.merging(settings) { told, more in
      let replaced = more.split(separator: ":").first.map { told.contains($0) } ?? false
      return replaced ? more : "\(told),\(more)"
    }
    let configurations = try texts.mapValues { try JSONValue(parsing: "{\($0)}") }
    return try ModelFamily.stableDiffusion1.configuration(
      CheckpointLayout(shapes: shapes, configurations: configurations, notes: notes, markers: markers))
  }

  private func refusal(_ body: () throws -> ModelConfiguration) -> String? {
    do {
      _ = try body()
      return nil
    } catch { return error is ModelError ? "\(error)" : "another error: \(error)" }
  }

  private static let tables: [SettingTable] = [
    .pipeline, .unet, .autoencoder, .tinyAutoencoder, .textEncoder, .textEncoder2, .scheduler, .training, .defaults,
    SettingTable(place: "tokenizer", rules: SettingTable.tokenizer),
  ]

  @Test("Each key's other values are refused by name, and its own ones are taken")
  func everyKeyOfEveryTable() throws {
    for table in Self.tables { try sweep(table.rules, inside: [], of: table) }
  }

  private func sweep(_ rules: [String: SettingRule], inside path: [String], of table: SettingTable) throws {
    func settings(_ key: String, _ value: JSONValue) -> JSONValue {
      (path + [key]).reversed().reduce(value) { value, key in .object([UTF8Name(key): value]) }
    }
    let strange: [JSONValue] = [.string("strange"), .int(-7), .double(0.3), .array([.string("strange")]), .object([:])]
    for (key, rule) in rules {
      switch rule {
      case .read, .harmless: for value in strange { try table.check(settings(key, value)) }
      case .settings(let inner): try sweep(inner, inside: path + [key], of: table)
      case .list(let inner):
        try sweep(inner, inside: [], of: SettingTable(place: "\(table.place).\(key)", rules: inner))
        for value in strange where value.array == nil {
          #expect(throws: ModelError.self) { try table.check(settings(key, value)) }
        }
      case .only(let known), .each(let known):
        for value in known + [.null] { try table.check(settings(key, value)) }
        for value in strange {
          let error = #expect(throws: ModelError.self) { try table.check(settings(key, value)) }
          #expect(error?.description.contains(key) == true && error?.code == .unsupported)
        }
      }
    }
    for key in ["strange", "str\u{1B}[2Jange", "é", String(repeating: "x", count: 1000)] {
      let error = #expect(throws: ModelError.self) { try table.check(settings(key, .int(1))) }
      #expect(error?.description.unicodeScalars.allSatisfy { $0.value >= 0x20 } == true)
      // What says nothing asks for nothing.
      try table.check(settings(key, .null))
    }
  }

  @Test func whatDiffusersWritesIsTaken() throws {
    let read = try configuration([
      "unet": "\"_diffusers_version\":\"0.6.0\",\"act_fn\":\"silu\",\"only_cross_attention\":[false,false]",
      "vae": "\"scaling_factor\":0.5,\"force_upcast\":true", "scheduler": "\"beta_start\":0.001,\"steps_offset\":1",
      "model_index": "\"_class_name\":\"StableDiffusionPipeline\",\"safety_checker\":[null,null]",
    ])
    #expect(read.vae.scalingFactor == 0.5 && read.scheduler.betaStart == 0.001 && read.unet.heads == [4, 4])
  }

  private static let numbers: [(part: String, key: String)] = [
    ("unet", "norm_num_groups"), ("unet", "attention_head_dim"), ("unet", "num_attention_heads"),
    ("unet", "sample_size"), ("unet", "time_cond_proj_dim"),
    ("vae", "norm_num_groups"), ("vae", "scaling_factor"), ("text_encoder", "num_attention_heads"),
    ("text_encoder", "layer_norm_eps"), ("scheduler", "num_train_timesteps"), ("scheduler", "beta_start"),
    ("scheduler", "beta_end"), ("defaults", "width"), ("defaults", "height"), ("defaults", "steps"),
    ("defaults", "guidance_scale"),
  ]

  @Test("Numbers that are none are refused, whatever they stand for", arguments: numbers)
  func strangeNumbers(_ part: String, _ key: String) {
    for value in ["-1", "9223372036854775807", "-9223372036854775808", "1e300", "\"8\"", "[]", "[1,2,3]", "{}", "true"]
    {
      let refusal = refusal { try configuration([part: "\"\(key)\":\(value)"]) }
      #expect(refusal?.hasPrefix("The model") == true, "\(key) = \(value): \(refusal ?? "taken")")
    }
    if !["scaling_factor", "layer_norm_eps", "beta_start", "beta_end", "guidance_scale"].contains(key) {
      for value in ["0", "2.5"] {
        #expect(refusal { try configuration([part: "\"\(key)\":\(value)"]) } != nil, "\(key)")
      }
    }
  }

  @Test func extentsOfWeightsThatAreNoWidths() {
    for path in Self.shapes.keys.filter({ $0.hasSuffix(".weight") }).sorted() {
      let rest = Self.shapes[path]?.dimensions.dropFirst() ?? []
      for shape in [[0] + rest, [1 << 17] + rest, [Int(Int32.max)] + rest, []] {
        // It may be refused, or listed as misshapen; it must not end the process.
        _ = refusal {
          let read = try configuration { $0[path] = Shape(shape) }
          _ = DiffusionModel(read, CheckpointLayout(shapes: Self.shapes, configurations: [:])).report
          return read
        }
      }
    }
  }

  @Test("Convolutions that are single numbers, all at once", arguments: ["unet.", "vae.", "text_encoder."])
  func networksOfSingleNumbers(_ network: String) {
    let refusal = refusal {
      let read = try configuration { shapes in
        for path in shapes.keys where path.hasPrefix(network) { shapes[path] = [] }
      }
      _ = DiffusionModel(read, CheckpointLayout(shapes: Self.shapes, configurations: [:])).report
      return read
    }
    #expect(refusal?.hasPrefix("The model") == true)
  }

  @Test func moreLevelsAndLayersThanANetworkHas() {
    for (prefix, suffix) in [
      ("unet.down_blocks.", ".resnets.0.conv1.weight"), ("unet.down_blocks.0.resnets.", ".conv1.weight"),
      ("vae.decoder.up_blocks.", ".resnets.0.conv1.weight"), ("vae.decoder.up_blocks.0.resnets.", ".conv1.weight"),
      ("text_encoder.text_model.encoder.layers.", ".layer_norm1.weight"),
      ("unet.mid_block.attentions.0.transformer_blocks.", ".norm1.weight"),
    ] {
      let refusal = refusal {
        try configuration { shapes in for index in 0..<10_000 { shapes["\(prefix)\(index)\(suffix)"] = [32, 32, 3, 3] }
        }
      }
      #expect(refusal?.contains("more than") == true, "\(prefix): \(refusal ?? "taken")")
    }
  }

  // MARK: What the UNet predicts

  @Test func predictionIsReadWhereverItIsSaid() throws {
    func type(_ settings: [String: String] = [:], notes: [String: String] = [:], markers: Set<String> = []) throws
      -> String
    {
      try configuration(settings, notes: notes, markers: markers).scheduler.predictionType
    }
    let training = "\"model\":{\"params\":{\"parameterization\":\"v\"}}"
    #expect(try type() == "epsilon")
    #expect(try type(["scheduler": "\"prediction_type\":\"v_prediction\""]) == "v_prediction")
    #expect(try type(["training": training]) == "v_prediction")
    #expect(try type(notes: ["modelspec.prediction_type": "v"]) == "v_prediction")
    #expect(try type(notes: ["modelspec.prediction_type": "epsilon"]) == "epsilon")
    #expect(try type(markers: ["v_pred"]) == "v_prediction")
    // A file put beside the model outweighs what is inside it.
    #expect(try type(["training": training], notes: ["modelspec.prediction_type": "epsilon"]) == "v_prediction")
    // Two that are inside and differ are no answer.
    for (notes, settings) in [
      (["modelspec.prediction_type": "epsilon"], [:]),
      ([:], ["scheduler": "\"prediction_type\":\"epsilon\""]),
    ] as [([String: String], [String: String])] {
      #expect(refusal { try configuration(settings, notes: notes, markers: ["v_pred"]) }?.contains("v_pred") == true)
    }
    for notes in ["vpred", "", "\u{1B}[2J", "flow"] {
      #expect(
        refusal { try configuration(notes: ["modelspec.prediction_type": notes]) }?.contains("prediction_type") == true)
    }
  }

  @Test func markersOfEveryLevelOfNoise() throws {
    func read(_ values: [String: [Float]]) throws -> ModelConfiguration {
      try ModelFamily.stableDiffusion1.configuration(
        CheckpointLayout(
          shapes: Self.shapes, configurations: try Self.told.mapValues { try JSONValue(parsing: "{\($0)}") },
          markers: Set(values.keys), markerValues: values))
    }
    let playground = try read(["edm_mean": [1, 2, 3, 4], "edm_std": [5, 6, 7, 8]])
    #expect(playground.scheduler.edm == .init() && playground.scheduler.predictionType == "epsilon")
    #expect(playground.vae.latentStatistics == LatentStatistics(means: [1, 2, 3, 4], deviations: [5, 6, 7, 8]))
    #expect(playground.vae.scalingFactor == 0.5 && playground.defaults.schedule == "karras")
    let cosXL = try read(["edm_vpred.sigma_max": [120], "edm_vpred.sigma_min": [0.25]])
    #expect(cosXL.scheduler.predictionType == "v_prediction" && cosXL.scheduler.edm?.sigmaData == 1)
    #expect(cosXL.scheduler.edm?.sigmaMin == 0.25 && cosXL.scheduler.edm?.sigmaMax == 120)
    for (values, words) in [
      (["edm_mean": [1, 2, 3, 4]], "edm_std"), (["edm_mean": [1], "edm_std": [1]], "statistics"),
      (["edm_mean": [1, 2, 3, .nan], "edm_std": [1, 1, 1, 1]], "statistics"),
      (["edm_vpred.sigma_max": [-1]], "level of noise"),
      (["edm_mean": [0, 0, 0, 0], "edm_std": [1, 1, 1, 1], "v_pred": []], "v_prediction"),
    ] as [([String: [Float]], String)] {
      #expect(refusal { try read(values) }?.contains(words) == true, "\(words)")
    }
  }

  @Test func notesOfOtherTraining() throws {
    let layer = ["2", "-2", "penultimate"].map { ["modelspec.encoder_layer": $0] }
    #expect(try layer.allSatisfy { try configuration(notes: $0).textEncoders[0].skippedLayers == 1 })
    #expect(refusal { try configuration(notes: ["modelspec.encoder_layer": "x"]) }?.contains("encoder_layer") == true)
    #expect(refusal { try configuration(notes: ["modelspec.encoder_layer": "9"]) }?.contains("layers") == true)
    #expect(
      refusal { try configuration(notes: ["modelspec.timestep_range": "0,200"]) }?.contains("timestep_range") == true)
    _ = try configuration(notes: ["modelspec.encoder_layer": "1", "ss_zero_terminal_snr": "False", "author": "x"])
  }

  @Test func theTrainingProgramsFileIsHonoured() throws {
    let read = try configuration([
      "training":
        "\"model\":{\"params\":{\"linear_start\":0.002,\"linear_end\":0.03,\"timesteps\":500,\"scale_factor\":0.7,"
        + "\"unet_config\":{\"params\":{\"num_heads\":2}}}}"
    ])
    #expect(read.scheduler.betaStart == 0.002 && read.scheduler.betaEnd == 0.03 && read.scheduler.trainTimesteps == 500)
    #expect(read.vae.scalingFactor == 0.7 && read.unet.heads == [2, 2])
  }

  // MARK: Networks that fit together

  @Test func aTextEncoderOfAnotherWidth() {
    let refusal = refusal {
      try configuration { shapes in
        for (path, shape) in shapes where path.hasSuffix("attn2.to_k.weight") { shapes[path] = [shape[0], 48] }
      }
    }
    #expect(refusal?.contains("64") == true && refusal?.contains("48") == true)
  }

  @Test func anAutoencoderWithoutEncoder() throws {
    let read = try configuration { shapes in
      shapes = shapes.filter { !$0.key.hasPrefix("vae.encoder.") && !$0.key.hasPrefix("vae.quant_conv.") }
    }
    #expect(!read.vae.hasEncoder && read.vae.blockOutChannels == ModelConfiguration.miniature.vae.blockOutChannels)
    let whole = try configuration()
    #expect(whole.vae.hasEncoder && whole.vae.blockOutChannels == read.vae.blockOutChannels)
    #expect(whole.vae.layersPerBlock == read.vae.layersPerBlock)
    let builder = GraphBuilder()
    let vae = AutoencoderKL(Weights(WeightInventory([:]), path: "vae"), read.vae)
    let encoded = vae.encode(builder.input("x", [1, 8, 8, 3]))
    #expect(throws: GraphError.self) { try builder.finish([encoded]) }
  }

  @Test("A UNet that is told too little, or too much, cannot be traced", arguments: [true, false])
  func conditionsThatDoNotFit(_ wants: Bool) throws {
    func finish(_ change: (inout UNet2DConditionModel.Configuration) -> Void, addition: Bool, guidance: Bool) throws {
      var configuration = ModelConfiguration.miniature.unet
      change(&configuration)
      let builder = GraphBuilder()
      let unet = UNet2DConditionModel(Weights(WeightInventory([:]), path: "unet"), configuration)
      let result = unet(
        builder.input("x", [1, 8, 8, 4]), timestep: builder.input("time", [1]),
        context: builder.input("c", [1, 77, 64]),
        addition: addition ? .init(text: builder.input("t", [1, 1280]), timeIDs: builder.input("i", [1, 6])) : nil,
        guidance: guidance ? builder.input("g", [1, 16]) : nil)
      _ = try builder.finish([result])
    }
    #expect(throws: GraphError.self) {
      try finish({ $0.additionEmbedding = wants ? AdditionEmbedding() : nil }, addition: !wants, guidance: false)
    }
    #expect(throws: GraphError.self) {
      try finish({ $0.guidanceWidth = wants ? 16 : nil }, addition: false, guidance: !wants)
    }
    try finish({ $0.guidanceWidth = wants ? 16 : nil }, addition: false, guidance: wants)
    try finish({ $0.additionEmbedding = wants ? AdditionEmbedding() : nil }, addition: wants, guidance: false)
  }
}

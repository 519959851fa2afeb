import ImagineCheckpoint
import Testing

@testable import ImagineModels

/// What a model says of its training, wherever it says it, and what it should be drawn with for that.
@Suite struct TrainingFactTests {
  private func layout(
    _ configurations: [String: String] = [:], notes: [String: String] = [:], markers: Set<String> = []
  ) throws -> CheckpointLayout {
    CheckpointLayout(
      shapes: [:], configurations: try configurations.mapValues { try JSONValue(parsing: $0) }, notes: notes,
      markers: markers)
  }

  private func refusal(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch { return error is ModelError ? "\(error)" : "another error: \(error)" }
  }

  // MARK: Prediction and noise

  @Test func whatThePersonSaysOutweighsAll() throws {
    let said = try layout(
      ["scheduler": #"{"prediction_type":"epsilon"}"#], notes: ["modelspec.prediction_type": "v"], markers: ["v_pred"])
    #expect(refusal { _ = try SchedulerConfiguration(said) } != nil)
    for (word, type) in [
      ("epsilon", "epsilon"), ("eps", "epsilon"), ("v_prediction", "v_prediction"), ("v", "v_prediction"),
    ] {
      #expect(try SchedulerConfiguration(said, override: word).predictionType == type)
    }
    #expect(refusal { _ = try SchedulerConfiguration(said, override: "flow") }?.contains("flow") == true)
    #expect(try SchedulerConfiguration(layout(), otherwise: "v_prediction").predictionType == "v_prediction")
    #expect(
      try SchedulerConfiguration(layout(notes: ["modelspec.prediction_type": "epsilon"]), otherwise: "v_prediction")
        .predictionType == "epsilon")
  }

  @Test("Noise alone at the last level is read wherever it is said")
  func zeroTerminalSNR() throws {
    let sources = [
      try layout(markers: ["v_pred", "ztsnr"]),
      try layout(["scheduler": #"{"rescale_betas_zero_snr":true,"prediction_type":"v_prediction"}"#]),
      try layout(["training": #"{"model":{"params":{"zero_terminal_snr":true,"parameterization":"v"}}}"#]),
      try layout(notes: ["ss_zero_terminal_snr": "True", "modelspec.prediction_type": "v"]),
    ]
    for source in sources {
      let scheduler = try SchedulerConfiguration(source)
      #expect(scheduler.hasZeroTerminalSNR && scheduler.predictionType == "v_prediction")
      // Who says that it predicts the noise says that it was not so.
      #expect(try SchedulerConfiguration(source, override: "epsilon").hasZeroTerminalSNR == false)
      #expect(try GenerationDefaults(source, scheduler: scheduler, reduction: 8).schedule == "trailing")
    }
    for silent in [
      try layout(["scheduler": #"{"rescale_betas_zero_snr":false}"#]),
      try layout(notes: ["ss_zero_terminal_snr": "None"]),
    ] {
      #expect(try SchedulerConfiguration(silent).hasZeroTerminalSNR == false)
    }
    #expect(refusal { _ = try SchedulerConfiguration(layout(markers: ["ztsnr"])) }?.contains("ztsnr") == true)
    for (key, value) in [("rescale_betas_zero_snr", "1"), ("rescale_betas_zero_snr", "\"yes\"")] {
      #expect(
        refusal { _ = try SchedulerConfiguration(layout(["scheduler": "{\"\(key)\":\(value)}"])) }?.contains(key)
          == true)
    }
    #expect(refusal { _ = try SchedulerConfiguration(layout(notes: ["ss_zero_terminal_snr": "maybe"])) } != nil)
  }

  @Test("The two kinds of Stable Diffusion 2 are told apart by how far one bias is spread")
  func velocityClue() {
    #expect(SchedulerConfiguration.velocityClue.hasPrefix("unet.up_blocks.3.attentions.2."))
    #expect(SchedulerConfiguration.prediction(clue: [0.5, 0.3, 0.5, 0.3]) == "v_prediction")
    #expect(SchedulerConfiguration.prediction(clue: [0.5, 0.34, 0.5, 0.34]) == "epsilon")
    #expect(SchedulerConfiguration.prediction(clue: []) == "epsilon")
    #expect(SchedulerConfiguration.prediction(clue: [.nan]) == "epsilon")
  }

  @Test func howPromptsWereRead() throws {
    for (text, layer) in [("1", 1), ("-1", 1), ("last", 1), ("2", 2), ("-2", 2), ("penultimate", 2), ("12", 12)] {
      #expect(try layout(notes: ["modelspec.encoder_layer": text]).clipSkip() == layer)
    }
    #expect(try layout().clipSkip() == nil)
    for text in ["0", "13", "", "first", "\u{1B}[2J", "-9223372036854775808", "99999999999999999999"] {
      #expect(
        refusal { _ = try layout(notes: ["modelspec.encoder_layer": text]).clipSkip() }?.contains("encoder_layer")
          == true)
    }
    let read = try layout(["tokenizer": #"{"pad_token":"<|endoftext|>"}"#, "tokenizer_2": #"{"pad_token":"!"}"#])
    #expect(read.padding(of: "tokenizer") == 49407 && read.padding(of: "tokenizer_2") == 0)
    #expect(try layout().padding(of: "tokenizer") == nil)
  }

  // MARK: The files of training programs

  private static let files: [(name: String, text: String, prediction: String)] = [
    (
      "Stable Diffusion 2 for 768 pixels",
      """
      {"model":{"base_learning_rate":1e-4,"target":"ldm.models.diffusion.ddpm.LatentDiffusion","params":{
        "parameterization":"v","linear_start":0.00085,"linear_end":0.012,"num_timesteps_cond":1,"log_every_t":200,
        "timesteps":1000,"first_stage_key":"jpg","cond_stage_key":"txt","image_size":64,"channels":4,
        "cond_stage_trainable":false,"conditioning_key":"crossattn","monitor":"val/loss_simple_ema",
        "scale_factor":0.18215,"use_ema":false,
        "unet_config":{"target":"ldm.modules.diffusionmodules.openaimodel.UNetModel","params":{"use_checkpoint":true,
          "use_fp16":true,"image_size":32,"in_channels":4,"out_channels":4,"model_channels":320,
          "attention_resolutions":[4,2,1],"num_res_blocks":2,"channel_mult":[1,2,4,4],"num_head_channels":64,
          "use_spatial_transformer":true,"use_linear_in_transformer":true,"transformer_depth":1,"context_dim":1024,
          "legacy":false}},
        "cond_stage_config":{"target":"ldm.modules.encoders.modules.FrozenOpenCLIPEmbedder",
          "params":{"freeze":true,"layer":"penultimate"}}}}}
      """, "v_prediction"
    ),
    (
      "inpainting",
      """
      {"model":{"base_learning_rate":7.5e-5,"target":"ldm.models.diffusion.ddpm.LatentInpaintDiffusion","params":{
        "linear_start":0.00085,"linear_end":0.012,"conditioning_key":"hybrid","finetune_keys":null,
        "concat_keys":["mask","masked_image"],"masked_image_key":"masked_image",
        "unet_config":{"params":{"in_channels":9,"num_heads":8}}}}}
      """, "epsilon"
    ),
    (
      "InstructPix2Pix",
      """
      {"model":{"base_learning_rate":1e-4,"target":"ldm.models.diffusion.ddpm_edit.LatentDiffusion","params":{
        "first_stage_key":"edited","cond_stage_key":"edit","conditioning_key":"hybrid","use_ema":true,"load_ema":true,
        "unet_config":{"params":{"in_channels":8,"num_heads":8}}}}}
      """, "epsilon"
    ),
    ("Stable Diffusion XL", generative(scaling: "EpsScaling", channels: 2816), "epsilon"),
    ("Stable Diffusion XL by velocity", generative(scaling: "VScaling", channels: 2816), "v_prediction"),
    ("the refiner", generative(scaling: "EpsScaling", channels: 2560), "epsilon"),
  ]

  private static func generative(scaling: String, channels: Int) -> String {
    let embedders = [
      #""target":"sgm.modules.encoders.modules.FrozenCLIPEmbedder","params":{"layer":"hidden","layer_idx":11}"#,
      #""target":"sgm.modules.encoders.modules.FrozenOpenCLIPEmbedder2","params":{"arch":"ViT-bigG-14","#
        + #""version":"laion2b_s39b_b160k","freeze":true,"layer":"penultimate","always_return_pooled":true,"legacy":false}"#,
      #""target":"sgm.modules.encoders.modules.ConcatTimestepEmbedderND","params":{"outdim":256}"#,
    ].map { "{\"is_trainable\":false,\"input_key\":\"txt\",\($0)}" }
    return """
      {"model":{"target":"sgm.models.diffusion.DiffusionEngine","params":{"scale_factor":0.13025,
        "disable_first_stage_autocast":true,
        "denoiser_config":{"target":"sgm.modules.diffusionmodules.denoiser.DiscreteDenoiser","params":{"num_idx":1000,
          "scaling_config":{"target":"sgm.modules.diffusionmodules.denoiser_scaling.\(scaling)"},
          "discretization_config":{"target":"sgm.modules.diffusionmodules.discretizer.LegacyDDPMDiscretization"}}},
        "network_config":{"target":"sgm.modules.diffusionmodules.openaimodel.UNetModel","params":{
          "adm_in_channels":\(channels),"num_classes":"sequential","use_checkpoint":true,"in_channels":4,
          "num_head_channels":64,"use_linear_in_transformer":true,"transformer_depth":[1,2,10],
          "spatial_transformer_attn_type":"softmax-xformers","legacy":false}},
        "conditioner_config":{"target":"sgm.modules.GeneralConditioner",
          "params":{"emb_models":[\(embedders.joined(separator: ","))]}},
        "first_stage_config":{"target":"sgm.models.autoencoder.AutoencoderKL","params":{"embed_dim":4}}}}}
      """
  }

  @Test("The training programs' files of every family are understood", arguments: files)
  func trainingFiles(_ file: (name: String, text: String, prediction: String)) throws {
    let layout = try layout(["training": file.text])
    try SettingTable.training.check(try #require(layout.configurations["training"]))
    #expect(try SchedulerConfiguration(layout).predictionType == file.prediction)
  }

  @Test func settingsInsideOfAListAreNamed() throws {
    let text = Self.generative(scaling: "EDMScaling", channels: 2816)
    #expect(refusal { try SettingTable.training.check(try JSONValue(parsing: text)) }?.contains("EDMScaling") == true)
    let deeper = Self.generative(scaling: "EpsScaling", channels: 2816).replacing(
      "\"layer_idx\":11", with: "\"layer_idx\":7")
    let refusal = refusal { try SettingTable.training.check(try JSONValue(parsing: deeper)) }
    #expect(refusal?.contains("emb_models[0].params.layer_idx = 7") == true, "\(refusal ?? "taken")")
  }

  // MARK: Pipelines

  @Test("Every pipeline of these families is taken, with all that diffusers writes into its index")
  func pipelines() throws {
    for name in [
      "StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline", "StableDiffusionXLInpaintPipeline",
      "StableDiffusionInpaintPipeline", "StableDiffusionInstructPix2PixPipeline",
      "StableDiffusionXLInstructPix2PixPipeline", "LatentConsistencyModelPipeline",
    ] {
      try SettingTable.pipeline.check(
        try JSONValue(
          parsing: """
            {"_class_name":"\(name)","_diffusers_version":"0.42.1","force_zeros_for_empty_prompt":true,
             "add_watermarker":null,"requires_aesthetics_score":true,"text_encoder_2":["transformers","x"],
             "tokenizer_2":["transformers","x"],"is_cosxl_edit":false,"image_encoder":[null,null]}
            """))
    }
    #expect(
      refusal { try SettingTable.pipeline.check(try JSONValue(parsing: #"{"_class_name":"FluxPipeline"}"#)) }?
        .contains("FluxPipeline") == true)
    for name in ["EDMEulerScheduler", "EDMDPMSolverMultistepScheduler"] {
      try SettingTable.scheduler.check(
        try JSONValue(parsing: #"{"_class_name":"\#(name)","sigma_min":0.002,"sigma_max":80,"sigma_data":0.5,"rho":7}"#)
      )
    }
    let flow = #"{"_class_name":"FlowMatchEulerDiscreteScheduler"}"#
    #expect(refusal { try SettingTable.scheduler.check(try JSONValue(parsing: flow)) }?.contains("FlowMatch") == true)
  }
}

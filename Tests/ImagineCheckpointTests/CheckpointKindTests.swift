import Foundation
import ImagineCheckpoint
import Testing

@Suite("What a file is, from its names and shapes")
struct CheckpointKindTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func kind(_ shapes: [(name: String, shape: [Int])]) throws -> CheckpointKind {
    try Checkpoint.open(writeZeros(shapes, to: folder.url.appending(path: "x.safetensors"))).kind
  }

  /// The tensors of an original UNet that tell the families apart.
  private func unet(_ input: Int, context: Int, label: Int? = nil) -> [(name: String, shape: [Int])] {
    let prefix = "model.diffusion_model."
    let label = label.map { [(name: "\(prefix)label_emb.0.0.weight", shape: [8, $0])] } ?? []
    return [
      (prefix + "input_blocks.0.0.weight", [8, input, 3, 3]),
      (prefix + "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight", [8, context]),
      (prefix + "out.2.weight", [4, 8, 3, 3]),
    ] + label
  }

  @Test func families() throws {
    #expect(try kind(unet(4, context: 768)) == .stableDiffusion1(.latent))
    #expect(try kind(unet(9, context: 768)) == .stableDiffusion1(.inpainting))
    #expect(try kind(unet(8, context: 768)) == .stableDiffusion1(.imageEditing))
    #expect(try kind(unet(4, context: 1024)) == .stableDiffusion2(.latent))
    #expect(try kind(unet(5, context: 1024)) == .stableDiffusion2(.depth))
    #expect(try kind(unet(7, context: 1024)) == .stableDiffusion2(.upscaling))
    #expect(try kind(unet(4, context: 1024, label: 2048)) == .stableDiffusion2(.imageVariation))
    #expect(try kind(unet(4, context: 2048, label: 2816)) == .stableDiffusionXL(.latent))
    #expect(try kind(unet(9, context: 2048, label: 2816)) == .stableDiffusionXL(.inpainting))
    #expect(try kind(unet(4, context: 1280, label: 2560)) == .stableDiffusionXLRefiner)
    #expect(try kind(unet(6, context: 768)) == .stableDiffusion1(.other(channels: 6)))
  }

  @Test("The whole SDXL layout at small size")
  func smallXL() throws {
    #expect(try kind(KeyPair.load("tiny-xl").original) == .stableDiffusionXL(.latent))
  }

  @Test(
    "Files that are no models",
    arguments: [
      (
        CheckpointKind.lora,
        ["lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight", "lora_te_text_model.alpha"]
      ),
      (.lora, ["unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight"]),
      (.lora, ["unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.down.weight"]),
      (.lora, ["lora_unet_mid_block_attentions_0_proj_in.hada_w1_a"]),
      (.controlNet, ["control_model.input_blocks.0.0.weight", "control_model.zero_convs.0.0.weight"]),
      (
        .controlNet,
        ["conv_in.weight", "controlnet_cond_embedding.conv_in.weight", "down_blocks.0.resnets.0.norm1.weight"]
      ),
      (.controlNet, ["input_blocks.0.0.weight", "input_hint_block.0.weight"]),
      (.t2iAdapter, ["conv_in.weight", "body.0.block1.weight"]),
      (.ipAdapter, ["image_proj.proj.weight", "ip_adapter.1.to_k_ip.weight"]),
      // What adapters have of their own LoRA does not make them one.
      (.ipAdapter, ["ip_adapter.0.to_q_lora.down.weight", "ip_adapter.1.to_k_ip.weight"]),
      (.controlNet, ["lora_controlnet", "input_blocks.0.0.weight", "input_blocks.1.0.in_layers.2.down"]),
      (.controlNet, ["lllite_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q.down.0.weight"]),
      (.lora, ["lycoris_unet_down_blocks_0_attentions_0_proj_in.lokr_w1"]),
      (.lora, ["diffusion_model.input_blocks.0.0.diff_b"]),
      (.lora, ["base_model.model.down_blocks.0.attentions.0.proj_in.lora_magnitude_vector"]),
      (.lora, ["text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_linear_layer.down.weight"]),
      (.upscaler, ["body.0.weight", "body.1.weight", "body.2.weight"]),
      (.upscaler, ["conv_first.weight", "layers.0.residual_group.blocks.0.norm1.weight"]),
      (.upscaler, ["before_RG.1.weight", "layers.0.blocks.0.attn.attns.0.pos.pos1.0.weight"]),
      (.upscaler, ["RRDB_trunk.0.RDB1.conv1.weight"]),
      (.t2iAdapter, ["adapter.conv_in.weight", "adapter.body.0.resnets.0.block1.weight"]),
      (.motionModule, ["down_blocks.0.motion_modules.0.temporal_transformer.norm.weight"]),
      (.upscaler, ["conv_first.weight", "body.0.rdb1.conv1.weight"]),
      (.upscaler, ["model.0.weight", "model.1.sub.0.RDB1.conv1.0.weight"]),
      (.embedding, ["emb_params"]),
      (.tinyVAE, ["decoder.layers.0.weight", "encoder.layers.1.conv.0.weight"]),
      (.tinyVAE, ["1.weight", "3.conv.0.weight"]), (.tinyVAE, ["0.weight", "1.conv.0.weight"]),
      (.tinyVAE, ["first_stage_model.taesd_decoder.1.weight"]), (.unknown, ["0.weight", "2.weight"]),
      (.imageEncoder, ["vision_model.embeddings.class_embedding"]),
      (.textEncoder, ["encoder.block.0.layer.0.SelfAttention.q.weight"]),
      (.upscaler, ["params_ema.conv_first.weight"]), (.embedding, ["string_to_param.*"]),
      (.vae, ["decoder.conv_in.weight", "encoder.down.0.block.0.conv1.weight"]),
      (.textEncoder, ["text_model.final_layer_norm.weight"]),
      (.flux, ["model.diffusion_model.double_blocks.0.img_attn.qkv.weight"]),
      (.stableDiffusion3, ["model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight"]),
      (.unknown, ["something.weight"]), (.unknown, []),
    ])
  func others(expected: CheckpointKind, names: [String]) throws {
    #expect(try kind(names.map { ($0, [8, 8, 1, 1]) }) == expected)
  }

  @Test func embeddings() throws {
    #expect(try kind([("*", [4, 768])]) == .embedding)
    #expect(try kind([("clip_l", [4, 768]), ("clip_g", [4, 1280])]) == .embedding)
  }

  @Test("Folders of pipelines made of other networks are named")
  func otherPipelines() throws {
    // Their other networks are not even looked at.
    for name in ["transformer", "text_encoder", "vae"] { try folder.file("\(name)/config.json", "not JSON") }
    for (name, expected) in [
      ("FluxPipeline", CheckpointKind.flux), ("StableDiffusion3Pipeline", .stableDiffusion3),
      ("PixArtAlphaPipeline", .otherPipeline("PixArtAlphaPipeline")),
    ] {
      try folder.file("model_index.json", #"{"_class_name":"\#(name)"}"#)
      #expect(try Checkpoint.open(folder.url).kind == expected)
    }
  }

  @Test func controlNetFolder() throws {
    try folder.file("config.json", #"{"_class_name":"ControlNetModel"}"#)
    try writeZeros([("conv_in.weight", [1])], to: folder.url.appending(path: "diffusion_pytorch_model.safetensors"))
    #expect(try Checkpoint.open(folder.url).kind == .controlNet)
  }

  @Test func descriptionsFitAfterIs() {
    #expect(CheckpointKind.lora.description == "a LoRA")
    #expect(CheckpointKind.stableDiffusion1(.inpainting).description == "a Stable Diffusion 1 inpainting model")
    #expect(!CheckpointKind.lora.isImageModel && CheckpointKind.flux.isImageModel)
  }
}

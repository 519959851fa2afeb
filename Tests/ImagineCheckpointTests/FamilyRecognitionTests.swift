import Foundation
import ImagineCheckpoint
import Testing

@Suite("Families are told by structure, not by the widths of published models")
struct FamilyRecognitionTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  typealias Shapes = [(name: String, shape: [Int])]

  private func open(_ shapes: Shapes, metadata: String? = nil) throws -> Checkpoint {
    try Checkpoint.open(writeZeros(shapes, metadata: metadata, to: folder.url.appending(path: "x.safetensors")))
  }

  private func unet(_ name: String) throws -> Shapes {
    try KeyPair.load(name).filter { $0.component == "unet" }.original
  }

  private func unetByDiffusers(_ name: String) throws -> Shapes {
    try KeyPair.load(name).filter { $0.component == "unet" }.map { ("unet.\($0.diffusers)", $0.shape) }
  }

  /// A text encoder of one layer with OpenCLIP's names.
  static func openCLIP(_ prefix: String, width: Int = 64, projection: Int = 64) -> Shapes {
    let layer = "transformer.resblocks.0."
    return [
      ("positional_embedding", [77, width]), ("token_embedding.weight", [100, width]), ("ln_final.weight", [width]),
      ("ln_final.bias", [width]), ("text_projection", [width, projection]), ("logit_scale", []),
      ("\(layer)attn.in_proj_weight", [3 * width, width]), ("\(layer)attn.in_proj_bias", [3 * width]),
      ("\(layer)attn.out_proj.weight", [width, width]), ("\(layer)ln_1.weight", [width]),
      ("\(layer)mlp.c_fc.weight", [4 * width, width]),
    ].map { (prefix + $0.0, $0.1) }
  }

  private static let clip: Shapes = [
    ("embeddings.token_embedding.weight", [100, 32]), ("final_layer_norm.weight", [32]),
    ("encoder.layers.0.mlp.fc1.weight", [64, 32]),
  ]

  private func clip(_ prefix: String) -> Shapes { Self.clip.map { (prefix + $0.name, $0.shape) } }

  @Test func small1() throws {
    #expect(try open(KeyPair.load("tiny").original).kind == .stableDiffusion1(.latent))
    #expect(try open(unet("tiny")).kind == .stableDiffusion1(.latent))
  }

  @Test(
    "OpenCLIP's names make SD 2, whatever the widths",
    arguments: [
      "cond_stage_model.model.", "conditioner.embedders.0.model.",
    ])
  func small2(prefix: String) throws {
    for unet in [try unet("tiny-2"), try unet("tiny")] {
      let checkpoint = try open(unet + Self.openCLIP(prefix))
      #expect(checkpoint.kind == .stableDiffusion2(.latent))
      #expect(checkpoint.parts.map(\.component) == [.unet, .textEncoder])
      #expect(checkpoint.unrecognised == [])
    }
  }

  @Test("A UNet alone, in both spellings: linear layers around the attention make SD 2")
  func bareUNets() throws {
    for (name, kind) in [
      ("tiny-2", CheckpointKind.stableDiffusion2(.latent)), ("tiny-refiner", .stableDiffusionXLRefiner),
      ("tiny-xl", .stableDiffusionXL(.latent)), ("tiny", .stableDiffusion1(.latent)),
    ] {
      #expect(try open(unet(name)).kind == kind)
      #expect(try open(unetByDiffusers(name)).kind == kind)
    }
  }

  @Test(
    "The activation in a diffusers folder decides between widths that say nothing",
    arguments: [
      ("quick_gelu", CheckpointKind.stableDiffusion1(.latent)), ("gelu", .stableDiffusion2(.latent)),
    ])
  func activation(name: String, expected: CheckpointKind) throws {
    let pairs = try KeyPair.load("tiny")
    for part in ["unet", "vae", "text_encoder"] {
      let shapes = pairs.filter { $0.component == part }.map { ($0.diffusers, $0.shape) }
      try writeZeros(shapes, to: folder.url.appending(path: "\(part)/model.safetensors"))
    }
    try folder.file("text_encoder/config.json", #"{"hidden_act":"\#(name)"}"#)
    #expect(try Checkpoint.open(folder.url).kind == expected)
  }

  @Test("An encoder of SD 1 beside linear layers where SD 1 has convolutions makes SD 1; one of 23 layers does not")
  func linearProjections() throws {
    let linear = try unet("tiny-2")
    #expect(try open(linear + clip("cond_stage_model.transformer.text_model.")).kind == .stableDiffusion1(.latent))
    #expect(try open(linear + clip("text_encoders.clip_l.transformer.")).kind == .stableDiffusion1(.latent))
    let deep = [("cond_stage_model.transformer.text_model.encoder.layers.22.layer_norm1.bias", [32])]
    let checkpoint = try open(linear + clip("cond_stage_model.transformer.text_model.") + deep)
    #expect(checkpoint.kind == .stableDiffusion2(.latent))
    // What transformers' configurations leave out is the first's activation.
    let config = #"{"config":"{\"text_encoder\":{\"num_attention_heads\":4}}"}"#
    #expect(try open(linear, metadata: config).kind == .stableDiffusion1(.latent))
  }

  @Test func smallXL() throws {
    let xl = try unet("tiny-xl") + clip("conditioner.embedders.0.transformer.text_model.")
    let checkpoint = try open(xl + Self.openCLIP("conditioner.embedders.1.model.", width: 32, projection: 32))
    #expect(checkpoint.kind == .stableDiffusionXL(.latent))
    #expect(checkpoint.parts.map(\.component) == [.unet, .textEncoder, .textEncoder2])
    #expect(checkpoint.unrecognised == [])
  }

  @Test("The refiner's encoder is the second, and where it lies and what the UNet takes make a refiner")
  func smallRefiner() throws {
    let checkpoint = try open(unet("tiny-refiner") + Self.openCLIP("conditioner.embedders.0.model."))
    #expect(checkpoint.kind == .stableDiffusionXLRefiner)
    #expect(checkpoint.parts.map(\.component) == [.unet, .textEncoder2])
    #expect(checkpoint.tensors["text_encoder_2.text_projection.weight"]?.shape == [64, 64])
  }

  @Test(
    "Five numbers beside the pooled prompt are the refiner's, six the base's",
    arguments: [
      (1280 + 5 * 256, CheckpointKind.stableDiffusionXLRefiner), (1280 + 6 * 256, .stableDiffusionXL(.latent)),
    ])
  func numbersBesideThePrompt(width: Int, expected: CheckpointKind) throws {
    let shapes: Shapes = [
      ("unet.conv_in.weight", [8, 4, 3, 3]), ("unet.conv_out.weight", [4, 8, 3, 3]),
      ("unet.add_embedding.linear_1.weight", [32, width]),
      ("unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight", [8, 999]),
      ("text_encoder_2.text_projection.weight", [1280, 1280]),
    ]
    #expect(try open(shapes).kind == expected)
  }

  @Test("Pruned models are of their family: without the middle's attention, with other depths")
  func prunedXL() throws {
    let pruned = try unet("tiny-xl").filter {
      !$0.name.contains("middle_block.1.") && !$0.name.contains("middle_block.2.")
    }
    let middle = try unet("tiny-xl").filter { $0.name.contains("middle_block.2.") }
      .map { ($0.name.replacing("middle_block.2.", with: "middle_block.1."), $0.shape) }
    let shallow = pruned.filter { !$0.name.contains("transformer_blocks.1.") && !$0.name.contains("input_blocks.3.") }
    let checkpoint = try open(shallow + middle)
    #expect(checkpoint.kind == .stableDiffusionXL(.latent))
    #expect(checkpoint.unrecognised == [])
    #expect(checkpoint.tensors["unet.mid_block.resnets.1.conv1.weight"] != nil)
    #expect(!checkpoint.tensors.keys.contains { $0.hasPrefix("unet.mid_block.attentions.") })
  }

  @Test(
    "Other inputs of each family",
    arguments: [
      ("tiny", 9, CheckpointKind.stableDiffusion1(.inpainting)), ("tiny", 8, .stableDiffusion1(.imageEditing)),
      ("tiny-2", 9, .stableDiffusion2(.inpainting)), ("tiny-2", 5, .stableDiffusion2(.depth)),
      ("tiny-xl", 9, .stableDiffusionXL(.inpainting)), ("tiny-xl", 8, .stableDiffusionXL(.imageEditing)),
    ])
  func inputs(name: String, channels: Int, expected: CheckpointKind) throws {
    let shapes = try unet(name).map { name, shape in
      (name: name, shape: name.hasSuffix("input_blocks.0.0.weight") ? [shape[0], channels, 3, 3] : shape)
    }
    #expect(try open(shapes).kind == expected)
  }

  @Test(
    "A UNet that takes the guidance as an input is of its family, and says so",
    arguments: [
      "model.diffusion_model.time_embed.cond_proj.weight", "unet.time_embedding.cond_proj.weight",
    ])
  func guidanceAsInput(name: String) throws {
    let shapes = name.hasPrefix("unet.") ? try unetByDiffusers("tiny") : try unet("tiny")
    #expect(try !open(shapes).takesGuidanceAsInput)
    let checkpoint = try open(shapes + [(name, [32, 256])])
    #expect(checkpoint.takesGuidanceAsInput && checkpoint.kind == .stableDiffusion1(.latent))
    #expect(checkpoint.unrecognised == [])
    #expect(Checkpoint.summary(of: checkpoint.url).hasSuffix("for few steps (LCM)"))
  }

  @Test("unCLIP models take the vector of a picture: their own input")
  func unclip() throws {
    let shapes = try unet("tiny-2") + [("model.diffusion_model.label_emb.0.0.weight", [128, 32])]
    #expect(try open(shapes).kind == .stableDiffusion2(.imageVariation))
  }

  @Test func otherPipelinesWithUNets() throws {
    try folder.file("model_index.json", #"{"_class_name":"KolorsPipeline"}"#)
    try writeZeros(
      try unetByDiffusers("tiny-xl").map { (String($0.name.dropFirst(5)), $0.shape) },
      to: folder.url.appending(path: "unet/diffusion_pytorch_model.safetensors"))
    #expect(try Checkpoint.open(folder.url).kind == .otherPipeline("KolorsPipeline"))
  }
}

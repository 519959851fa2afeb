import Foundation
import ImagineCheckpoint
import ImagineGraph
import Testing

@Suite("Original names become diffusers names, as diffusers' own converters have it")
struct KeyMapTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func open(_ shapes: [(name: String, shape: [Int])]) throws -> Checkpoint {
    try Checkpoint.open(writeZeros(shapes, to: folder.url.appending(path: "model.safetensors")))
  }

  /// Whether the checkpoint holds exactly the tensors of the golden, from the right sources.
  private func expect(_ checkpoint: Checkpoint, _ pairs: [KeyPair], sourceNames: Bool = true) {
    #expect(Set(checkpoint.tensors.keys) == Set(pairs.map(\.canonical)))
    #expect(checkpoint.unrecognised == [])
    for pair in pairs {
      guard let tensor = checkpoint.tensors[pair.canonical] else { continue }
      if sourceNames { #expect(tensor.source == pair.original) }
      // Attention of the VAE is linear to diffusers.
      let isFlattened = pair.component == "vae" && pair.diffusers.contains(".attentions.") && pair.shape.count == 4
      #expect(tensor.shape == (isFlattened ? Array(pair.shape[..<2]) : pair.shape), "\(pair.canonical)")
    }
  }

  @Test("Full size, and small models with other numbers of levels and layers", arguments: ["sd1", "tiny", "tiny-xl"])
  func originalSingleFile(name: String) throws {
    let pairs = try KeyPair.load(name)
    let checkpoint = try open(pairs.original)
    expect(checkpoint, pairs)
    #expect(checkpoint.layout == .originalSingleFile)
    #expect(checkpoint.ignored == [])
  }

  @Test("Stable Diffusion 1 has its published size")
  func counts() throws {
    let checkpoint = try open(KeyPair.load("sd1").original)
    let unet = try #require(checkpoint[.unet])
    #expect(unet.tensorCount == 686 && unet.parameterCount == 859_520_964)
    #expect(unet.byteCount == 2 * 859_520_964 && unet.dataTypes == [.float16: 859_520_964])
    let vae = try #require(checkpoint[.vae])
    #expect(vae.tensorCount == 248 && vae.parameterCount == 83_653_863)
    #expect(checkpoint[.textEncoder]?.tensorCount == 196)
    #expect(checkpoint.parts.map(\.component) == [.unet, .vae, .textEncoder])
    #expect(checkpoint.kind == .stableDiffusion1(.latent))
  }

  @Test(
    "Prefixes that programs use",
    arguments: [
      [
        "model.diffusion_model.model.diffusion_model.", "first_stage_model.",
        "cond_stage_model.transformer.text_model.",
      ],
      ["diffusion_model.", "vae.", "cond_stage_model.transformer."],
      ["unet.", "vae.", "text_encoder.text_model."],
      ["unet.", "vae.", "text_encoder."],
      ["model.diffusion_model.", "first_stage_model.", "conditioner.embedders.0.transformer.text_model."],
      ["model.diffusion_model.", "first_stage_model.", "cond_stage_model.text_model."],
    ])
  func prefixes(texts: [String]) throws {
    let pairs = try KeyPair.load("tiny")
    let usual = ["model.diffusion_model.", "first_stage_model.", "cond_stage_model.transformer.text_model."]
    let shapes = try pairs.map { pair in
      let index = try #require(usual.firstIndex { pair.original.hasPrefix($0) })
      return (texts[index] + pair.original.dropFirst(usual[index].count), pair.shape)
    }
    expect(try open(shapes), pairs, sourceNames: false)
  }

  @Test("One file with diffusers names behind component prefixes")
  func diffusersSingleFile() throws {
    let pairs = try KeyPair.load("tiny")
    let checkpoint = try open(pairs.map { ($0.canonical, $0.shape) })
    expect(checkpoint, pairs, sourceNames: false)
    #expect(checkpoint.layout == .diffusersSingleFile)
  }

  @Test("Files of one network have no prefix", arguments: [Component.unet, .vae, .textEncoder])
  func bareComponents(component: Component) throws {
    let pairs = try KeyPair.load("tiny").filter { $0.component == component.rawValue }
    let usual = ["model.diffusion_model.", "first_stage_model.", "cond_stage_model.transformer."]
    let original = pairs.map { pair in
      (String(pair.original.dropFirst(usual.first { pair.original.hasPrefix($0) }?.count ?? 0)), pair.shape)
    }
    expect(try open(original), pairs, sourceNames: false)
    expect(try open(pairs.map { ($0.diffusers, $0.shape) }), pairs, sourceNames: false)
  }

  @Test("Early diffusers names of the VAE's attention")
  func earlyAttentionNames() throws {
    let pairs = try KeyPair.load("tiny").filter { $0.component == "vae" }
    let early = ["to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"]
    for linear in [true, false] {
      let shapes = pairs.map { pair in
        var name = pair.diffusers
        for (present, old) in early { name = name.replacingOccurrences(of: ".\(present).", with: ".\(old).") }
        let isLinear = linear && name.contains(".attentions.") && pair.shape.count == 4
        return (name: name, shape: isLinear ? Array(pair.shape.dropLast(2)) : pair.shape)
      }
      #expect(shapes.contains { $0.name.hasSuffix("attentions.0.proj_attn.bias") })
      let checkpoint = try open(shapes)
      #expect(Set(checkpoint.tensors.keys) == Set(pairs.map(\.canonical)))
      #expect(checkpoint.tensors["vae.decoder.mid_block.attentions.0.to_out.0.weight"]?.shape == [64, 64])
      // A convolution with a kernel of one is still a convolution.
      #expect(checkpoint.tensors["vae.post_quant_conv.weight"]?.shape == [4, 4, 1, 1])
    }
  }

  @Test("What training leaves behind is ignored, what is unknown is listed")
  func leftovers() throws {
    let pairs = try KeyPair.load("tiny")
    let ignored = [
      "alphas_cumprod", "alphas_cumprod_prev", "betas", "cond_stage_model.logit_scale",
      "cond_stage_model.transformer.text_model.embeddings.position_ids", "first_stage_model.loss.logvar",
      "log_one_minus_alphas_cumprod", "lvlb_weights", "model_ema.decay",
      "model_ema.diffusion_modelinput_blocks00weight",
      "model_ema.num_updates", "posterior_variance", "sqrt_recip_alphas_cumprod", "v_pred",
    ]
    let unknown = [
      "cond_stage_model.transformer.text_model.encoder.layers.0.extra.weight",
      "first_stage_model.decoder.up.0.odd.weight",
      "model.diffusion_model.input_blocks.1.0.odd.weight",
      "model.diffusion_model.input_blocks.99999999999999999999.0.op.bias",
      "some.weight",
    ]
    let checkpoint = try open(pairs.original + (ignored + unknown).map { ($0, [1]) })
    #expect(Set(checkpoint.tensors.keys) == Set(pairs.map(\.canonical)))
    #expect(checkpoint.ignored == ignored)
    #expect(checkpoint.unrecognised == unknown)
    #expect(checkpoint.kind == .stableDiffusion1(.latent))
  }

  @Test("Where two names lead to one tensor, the regular one counts")
  func twoSources() throws {
    let regular = "cond_stage_model.transformer.text_model.final_layer_norm.weight"
    let old = "cond_stage_model.transformer.final_layer_norm.weight"
    let checkpoint = try open([(old, [3]), (regular, [2])])
    #expect(checkpoint.tensors["text_encoder.text_model.final_layer_norm.weight"]?.shape == [2])
    #expect(checkpoint.ignored == [old])
  }

  @Test("OpenCLIP: one matrix for query, key and value, and a transposed projection")
  func openCLIP() throws {
    let checkpoint = try Checkpoint.open(goldens.appending(path: "openclip-original.safetensors"))
    let converted = try SafetensorsFile(goldens.appending(path: "openclip-converted.safetensors"))
    #expect(Set(checkpoint.tensors.keys) == Set(converted.tensors.map { "text_encoder_2.\($0.name)" }))
    for info in converted.tensors {
      let name = "text_encoder_2.\(info.name)"
      #expect(checkpoint.tensors[name]?.shape == info.shape)
      let expected = try converted.withBytes(of: info.name.text) { Array($0.bindMemory(to: Float.self)) }
      let found = try read(checkpoint, name, as: .float32, of: Float.self, count: info.elementCount)
      #expect(found == expected, "\(name)")
    }
  }

  @Test("Scaled fp8 weights are multiplied by their scale")
  func scaledFloat8() throws {
    let header =
      #"{"model.diffusion_model.out.2.scale_weight":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"#
      + #""model.diffusion_model.out.2.weight":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[4,7]},"#
      + #""scaled_fp8":{"dtype":"F8_E4M3","shape":[0],"data_offsets":[7,7]}}"#
    let scale = withUnsafeBytes(of: Float(0.5)) { Data($0) }
    let url = try folder.file("x.safetensors", safetensors(Data(header.utf8), data: scale + Data([0x38, 0xC0, 0x01])))
    let checkpoint = try Checkpoint.open(url)
    #expect(checkpoint.unrecognised == [])
    let values = try read(checkpoint, "unet.conv_out.weight", as: .float32, of: Float.self, count: 3)
    #expect(values == [0.5, -1, 0x1p-10])
    let rounded = try read(checkpoint, "unet.conv_out.weight", as: .bfloat16, of: UInt16.self, count: 3)
    #expect(rounded == [0x3F00, 0xBF80, 0x3A80])
  }
}

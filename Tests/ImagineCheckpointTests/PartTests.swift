import Foundation
import ImagineCheckpoint
import ImagineGraph
import Testing

@Suite("Networks from other files take the place of a model's own")
struct PartTests {
  let folder: TemporaryFolder
  let model: URL

  init() throws {
    folder = try TemporaryFolder()
    model = try writeZeros(
      KeyPair.load("tiny").original + [("v_pred", [0])],
      metadata:
        #"{"config":"{\"vae\":{\"scaling_factor\":0.5},\"unet\":{\"a\":1},\"scheduler\":{\"b\":2}}","author":"A"}"#,
      to: folder.url.appending(path: "model.safetensors"))
  }

  private func write(_ name: String, _ shapes: [(name: String, shape: [Int])], metadata: String? = nil) throws -> URL {
    try writeZeros(shapes, .float32, metadata: metadata, to: folder.url.appending(path: name))
  }

  private func original(_ component: String, dropping prefix: String = "") throws -> [(name: String, shape: [Int])] {
    try KeyPair.load("tiny").filter { $0.component == component }
      .map { (String($0.original.dropFirst(prefix.count)), $0.shape) }
  }

  /// Formats by network: the model is of F16, all parts of F32.
  private func formats(_ parts: [Component: URL]) throws -> [Component: StorageFormat] {
    let checkpoint = try Checkpoint.open(model, parts: parts)
    #expect(checkpoint.kind == .stableDiffusion1(.latent) && checkpoint.unrecognised == [])
    return Dictionary(uniqueKeysWithValues: checkpoint.parts.map { ($0.component, $0.dataTypes.keys.first ?? .bool) })
  }

  @Test("A VAE: bare, prefixed, in a whole model, in a folder, in a folder of a model") func vae() throws {
    let bare = try write("vae.safetensors", original("vae", dropping: "first_stage_model."))
    let prefixed = try write("prefixed.safetensors", original("vae"))
    let whole = try write("whole.safetensors", KeyPair.load("tiny").original + [("strange", [1])])
    let diffusers = try KeyPair.load("tiny").filter { $0.component == "vae" }.map { ($0.diffusers, $0.shape) }
    _ = try write("pipeline/vae/diffusion_pytorch_model.safetensors", diffusers)
    try folder.file("pipeline/vae/config.json", #"{"_class_name":"AutoencoderKL","scaling_factor":0.25}"#)
    _ = try write("pipeline/unet/diffusion_pytorch_model.safetensors", [("conv_in.bias", [32])])
    let inside = folder.url.appending(path: "pipeline/vae"), pipeline = folder.url.appending(path: "pipeline")
    for url in [bare, prefixed, whole, inside, pipeline] {
      #expect(try formats([.vae: url]) == [.unet: .float16, .vae: .float32, .textEncoder: .float16], "\(url)")
    }
    #expect(try Checkpoint.open(model, parts: [.vae: bare]).configs["vae"] == nil)
    for url in [inside, pipeline] {
      let checkpoint = try Checkpoint.open(model, parts: [.vae: url])
      #expect(checkpoint.configs["vae"]?["scaling_factor"]?.double == 0.25)
      #expect(checkpoint.configs["unet"]?["a"]?.int == 1 && checkpoint.metadata["author"] == "A")
    }
  }

  @Test("A smaller VAE leaves nothing of the one before") func tinyVAE() throws {
    let tiny = try write(
      "taesd_decoder.safetensors", [("1.weight", [64, 4, 3, 3]), ("3.conv.0.weight", [64, 64, 3, 3])])
    let checkpoint = try Checkpoint.open(model, parts: [.vae: tiny])
    let vae = checkpoint.tensors.keys.filter { $0.hasPrefix("vae.") }.sorted()
    #expect(vae == ["vae.decoder.layers.0.weight", "vae.decoder.layers.2.conv.0.weight"])
    #expect(checkpoint.kind == .stableDiffusion1(.latent))
  }

  @Test("A UNet brings what its file says of its training, and the model's own markers go") func unet() throws {
    #expect(try Checkpoint.open(model).markers.contains("v_pred"))
    let unet = try write(
      "unet.safetensors", original("unet", dropping: "model."), metadata: #"{"author":"B"}"#)
    try folder.file("unet.yaml", "model:\n  params:\n    parameterization: v\n")
    #expect(try formats([.unet: unet]) == [.unet: .float32, .vae: .float16, .textEncoder: .float16])
    let checkpoint = try Checkpoint.open(model, parts: [.unet: unet])
    #expect(!checkpoint.markers.contains("v_pred") && checkpoint.metadata["author"] == "B")
    #expect(checkpoint.configs["unet"] == nil && checkpoint.configs["training"] != nil)
    #expect(checkpoint.configs["scheduler"]?["b"]?.int == 2)
    let marked = try write("marked.safetensors", original("unet") + [("ztsnr", [0])])
    #expect(try Checkpoint.open(model, parts: [.unet: marked]).markers.contains("ztsnr"))
  }

  @Test("A text encoder by itself is the first or the second, as it is asked for") func textEncoders() throws {
    let bare = try write(
      "clip.safetensors", original("text_encoder", dropping: "cond_stage_model.transformer."))
    #expect(try formats([.textEncoder: bare])[.textEncoder] == .float32)
    let both = try formats([.textEncoder2: bare])
    #expect(both[.textEncoder] == .float16 && both[.textEncoder2] == .float32)
    let openCLIP = try write("clip_g.safetensors", FamilyRecognitionTests.openCLIP(""))
    #expect(try formats([.textEncoder2: openCLIP])[.textEncoder2] == .float32)
    let folderOfOne = folder.url.appending(path: "te")
    _ = try write(
      "te/model.safetensors", original("text_encoder", dropping: "cond_stage_model.transformer.text_model."))
    try folder.file("te/config.json", #"{"architectures":["CLIPTextModel"],"hidden_act":"gelu"}"#)
    let checkpoint = try Checkpoint.open(model, parts: [.textEncoder2: folderOfOne])
    #expect(checkpoint.configs["text_encoder_2"]?["hidden_act"]?.string == "gelu")
    #expect(checkpoint[.textEncoder2]?.dataTypes.keys.first == .float32)
  }

  @Test("All at once, from one file") func everything() throws {
    let whole = try write("whole.safetensors", KeyPair.load("tiny").original)
    let formats = try formats([.unet: whole, .vae: whole, .textEncoder: whole])
    #expect(Set(formats.values) == [.float32] && formats.count == 3)
  }

  @Test("Files without the network are refused by what they are") func wrongParts() throws {
    let lora = try write("lora.safetensors", [("lora_unet_x.lora_down.weight", [1])])
    let vae = try write("vae.safetensors", original("vae"))
    for (component, url, words) in [
      (Component.vae, lora, "no VAE, it is a LoRA"), (.unet, vae, "no UNet, it is a VAE"),
      (.textEncoder2, vae, "no second text encoder"), (.textEncoder2, model, "no second text encoder"),
    ] {
      let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(model, parts: [component: url]) }
      #expect(
        error?.code == "missingNetwork" && error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
    let absent = folder.url.appending(path: "absent.safetensors")
    #expect(errorCode { _ = try Checkpoint.open(model, parts: [.vae: absent]) } == "fileNotFound")
  }

  @Test("A model without a network opens, and one from elsewhere completes it") func completing() throws {
    let unet = try write("only.safetensors", original("unet"))
    #expect(try Checkpoint.open(unet).parts.map(\.component) == [.unet])
    let checkpoint = try Checkpoint.open(unet, parts: [.vae: model, .textEncoder: model])
    #expect(checkpoint.parts.map(\.component) == [.unet, .vae, .textEncoder])
  }
}

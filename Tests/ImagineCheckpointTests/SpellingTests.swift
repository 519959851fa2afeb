import Foundation
import ImagineCheckpoint
import ImagineGraph
import Testing

@Suite("Names that programs gave to what they saved again")
struct SpellingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func open(_ shapes: [(name: String, shape: [Int])]) throws -> Checkpoint {
    try Checkpoint.open(writeZeros(shapes, to: folder.url.appending(path: "x.safetensors")))
  }

  private static let clip: [(name: String, shape: [Int])] = [
    ("embeddings.token_embedding.weight", [100, 32]), ("embeddings.position_embedding.weight", [77, 32]),
    ("encoder.layers.0.self_attn.q_proj.weight", [32, 32]), ("encoder.layers.0.layer_norm1.bias", [32]),
    ("final_layer_norm.weight", [32]),
  ]

  @Test(
    "Text encoders in transformers' names",
    arguments: [
      ("cond_stage_model.clip_l.transformer.text_model.", Component.textEncoder),
      ("cond_stage_model.clip_l.text_model.", .textEncoder),
      ("cond_stage_model.clip_h.transformer.text_model.", .textEncoder),
      ("cond_stage_model.clip_g.transformer.text_model.", .textEncoder2),
      ("text_encoders.clip_l.transformer.text_model.", .textEncoder),
      ("text_encoders.clip_h.text_model.", .textEncoder),
      ("text_encoders.clip_g.transformer.text_model.", .textEncoder2),
      ("text_encoders.clip_g.transformer.", .textEncoder2),
      ("clip_l.transformer.text_model.", .textEncoder), ("clip_g.text_model.", .textEncoder2),
      ("conditioner.embedders.0.transformer.", .textEncoder),
      ("conditioner.embedders.1.transformer.text_model.", .textEncoder2),
      ("cond_stage_model.1.transformer.text_model.", .textEncoder2), ("te1.text_model.", .textEncoder),
      ("te2.text_model.", .textEncoder2), ("text_encoder_2.text_model.", .textEncoder2),
      ("text_encoder.transformer.text_model.", .textEncoder),
    ])
  func transformers(prefix: String, component: Component) throws {
    let checkpoint = try open(Self.clip.map { (prefix + $0.name, $0.shape) })
    #expect(Set(checkpoint.tensors.keys) == Set(Self.clip.map { "\(component.rawValue).text_model.\($0.name)" }))
    #expect(checkpoint.unrecognised == [] && checkpoint.kind == .textEncoder)
  }

  @Test(
    "Text encoders in OpenCLIP's names",
    arguments: [
      ("text_encoders.clip_g.", Component.textEncoder2), ("cond_stage_model.clip_h.", .textEncoder),
      ("clip_g.", .textEncoder2),
      ("", .textEncoder),
    ])
  func openCLIP(prefix: String, component: Component) throws {
    let checkpoint = try open(FamilyRecognitionTests.openCLIP(prefix))
    #expect(checkpoint.parts.map(\.component) == [component] && checkpoint.unrecognised == [])
    let query = checkpoint.tensors["\(component.rawValue).text_model.encoder.layers.0.self_attn.q_proj.weight"]
    #expect(query?.shape == [64, 64])
  }

  @Test(
    "The projection is turned by its name: OpenCLIP's is a matrix, transformers' a linear layer's weight",
    arguments: [
      ("conditioner.embedders.1.model.text_projection", [6, 8]),
      ("conditioner.embedders.1.model.text_projection.weight", [8, 6]),
      ("text_encoders.clip_g.transformer.text_projection.weight", [8, 6]), ("clip_g.text_projection", [6, 8]),
      ("cond_stage_model.1.transformer.text_model.text_projection", [6, 8]),
    ])
  func projection(name: String, expected: [Int]) throws {
    let checkpoint = try open([(name, [8, 6])])
    #expect(checkpoint.tensors["text_encoder_2.text_projection.weight"]?.shape == expected)
  }

  @Test("One matrix for query, key and value under transformers' names") func fused() throws {
    let layer = "cond_stage_model.1.transformer.text_model.encoder.layers.0.self_attn"
    let checkpoint = try open([("\(layer).in_proj.weight", [24, 8]), ("\(layer).in_proj.bias", [24])])
    #expect(checkpoint.tensors.count == 6 && checkpoint.unrecognised == [])
    let key = "text_encoder_2.text_model.encoder.layers.0.self_attn.k_proj"
    #expect(checkpoint.tensors["\(key).weight"]?.shape == [8, 8] && checkpoint.tensors["\(key).bias"]?.shape == [8])
  }

  @Test("A scale of a joined matrix is that of its three parts") func scaledMatrix() throws {
    let name = "conditioner.embedders.1.model.transformer.resblocks.0.attn.in_proj_weight"
    let scale = name.replacing("in_proj_weight", with: "in_proj_weight.scale_weight")
    let header =
      "{\"\(scale)\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
      + "\"\(name).weight\":{\"dtype\":\"F8_E4M3\",\"shape\":[3,1],\"data_offsets\":[4,7]}}"
    let bytes = withUnsafeBytes(of: Float(2)) { Data($0) } + Data([0x38, 0x38, 0x38])
    // A name that is none is not scaled, and ends nothing.
    let url = try folder.file("y.safetensors", safetensors(Data(header.utf8), data: bytes))
    #expect(try Checkpoint.open(url).unrecognised.count == 2)
    let layer = "te2.text_model.encoder.layers.0.self_attn.in_proj"
    let fused =
      "{\"\(layer).scale_weight\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
      + "\"\(layer).weight\":{\"dtype\":\"F8_E4M3\",\"shape\":[3,1],\"data_offsets\":[4,7]}}"
    let checkpoint = try Checkpoint.open(folder.file("z.safetensors", safetensors(Data(fused.utf8), data: bytes)))
    for part in "qkv" {
      let path = "text_encoder_2.text_model.encoder.layers.0.self_attn.\(part)_proj.weight"
      #expect(try read(checkpoint, path, as: .float32, of: Float.self, count: 1) == [2])
    }
  }

  @Test("A decoder alone is a VAE, and one without 1x1 convolutions is complete as it is") func decoderAlone() throws {
    let pairs = try KeyPair.load("tiny").filter { $0.component == "vae" && $0.diffusers.hasPrefix("decoder.") }
    for prefix in ["", "vae.", "first_stage_model."] {
      let checkpoint = try open(pairs.map { (prefix + $0.original.dropFirst("first_stage_model.".count), $0.shape) })
      #expect(checkpoint.kind == .vae && Set(checkpoint.tensors.keys) == Set(pairs.map(\.canonical)))
    }
  }

  // MARK: The tiny VAE

  /// Some layers of each half, by diffusers' numbers.
  private static let tiny = [
    "encoder.layers.0.weight", "encoder.layers.1.conv.0.bias", "encoder.layers.2.weight", "encoder.layers.14.bias",
    "decoder.layers.0.weight", "decoder.layers.2.conv.4.weight", "decoder.layers.6.weight", "decoder.layers.18.bias",
    "decoder.layers.2.conv.0.weight", "encoder.layers.1.conv.0.weight",
  ]

  private func original(_ name: String, _ half: String) -> String {
    let rest = name.dropFirst("encoder.layers.".count)
    let number = Int(rest.prefix { $0 != "." }) ?? -1
    return "\(half)\(name.hasPrefix("decoder") ? number + 1 : number)\(rest.drop { $0 != "." })"
  }

  @Test("The tiny VAE in diffusers' and its own names") func tinyVAE() throws {
    let canonical = Set(Self.tiny.map { "vae.\($0)" })
    let spellings: [[String]] = [
      Self.tiny, Self.tiny.map { "vae.\($0)" }, Self.tiny.map { original($0, "taesd_\($0.prefix(7)).") },
      Self.tiny.map { original($0, "first_stage_model.taesd_\($0.prefix(7)).") },
      Self.tiny.map { original($0, "\($0.prefix(7)).") },
    ]
    for names in spellings {
      let checkpoint = try open(names.map { ($0, [4, 4, 3, 3]) } + [("first_stage_model.vae_scale", [])])
      #expect(Set(checkpoint.tensors.keys) == canonical && checkpoint.unrecognised == [])
      #expect(checkpoint.kind == .tinyVAE)
    }
    for half in ["encoder", "decoder"] {
      let names = Self.tiny.filter { $0.hasPrefix(half) }
      let checkpoint = try open(names.map { (original($0, ""), [4, 4, 3, 3]) })
      #expect(Set(checkpoint.tensors.keys) == Set(names.map { "vae.\($0)" }), "\(half)")
      #expect(checkpoint.kind == .tinyVAE)
    }
  }

  // MARK: Tokens

  @Test("Tokens of textual inversions saved into an encoder are counted, and not read") func extraTokens() throws {
    let name = "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight"
    let checkpoint = try open([(name, [49411, 8])])
    let canonical = "text_encoder.text_model.embeddings.token_embedding.weight"
    let tensor = try #require(checkpoint.tensors[canonical])
    #expect(tensor.shape == [49408, 8] && tensor.elementCount == 49408 * 8 && tensor.extraRows == 3)
    #expect(checkpoint.extraTokens == [.textEncoder: 3])
    #expect(checkpoint[.textEncoder]?.parameterCount == 49408 * 8)
    #expect(try checkpoint.lend(canonical, count: 49408 * 8) { $1.count } == 49408 * 16)
    #expect(try read(checkpoint, canonical, as: .float16, of: UInt16.self, count: 49408 * 8).count == 49408 * 8)
    #expect(try open([(name, [49408, 8])]).extraTokens.isEmpty)
    #expect(try open([(name, [100, 8])]).tensors[canonical]?.shape == [100, 8])
  }
}

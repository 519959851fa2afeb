import Foundation
import ImagineCheckpoint
import ImagineGraph
import Testing

@Suite("Opening what people have")
struct CheckpointOpeningTests {
  let folder: TemporaryFolder
  let pairs: [KeyPair]

  init() throws {
    folder = try TemporaryFolder()
    pairs = try KeyPair.load("tiny")
  }

  /// The tensors of one network with diffusers names; without `text_model.` when `version5`.
  private func component(_ name: String, version5: Bool = false) -> [(name: String, shape: [Int])] {
    pairs.filter { $0.component == name }.map { pair in
      let key = pair.diffusers
      return (version5 && key.hasPrefix("text_model.") ? String(key.dropFirst("text_model.".count)) : key, pair.shape)
    }
  }

  /// Writes a diffusers folder with weight files of these names.
  private func writeFolder(
    unet: String = "diffusion_pytorch_model.safetensors", vae: String = "diffusion_pytorch_model.safetensors",
    text: String = "model.safetensors", version5: Bool = false
  ) throws {
    try folder.file("model_index.json", #"{"_class_name":"StableDiffusionPipeline"}"#)
    try folder.file("unet/config.json", #"{"_class_name":"UNet2DConditionModel","block_out_channels":[32,64]}"#)
    try folder.file("vae/config.json", #"{"scaling_factor":0.18215}"#)
    try folder.file("text_encoder/config.json", #"{"hidden_act":"quick_gelu"}"#)
    try folder.file("scheduler/scheduler_config.json", #"{"prediction_type":"epsilon"}"#)
    try writeZeros(component("unet"), to: folder.url.appending(path: "unet/\(unet)"))
    try writeZeros(component("vae"), to: folder.url.appending(path: "vae/\(vae)"))
    try writeZeros(
      component("text_encoder", version5: version5), to: folder.url.appending(path: "text_encoder/\(text)"))
  }

  @Test("A diffusers folder, with and without text_model.", arguments: [false, true])
  func diffusersFolder(version5: Bool) throws {
    try writeFolder(version5: version5)
    for url in [folder.url, folder.url.appending(path: "model_index.json")] {
      let checkpoint = try Checkpoint.open(url)
      #expect(checkpoint.layout == .diffusersFolder)
      #expect(checkpoint.kind == .stableDiffusion1(.latent))
      #expect(Set(checkpoint.tensors.keys) == Set(pairs.map(\.canonical)))
      #expect(checkpoint.unrecognised == [] && checkpoint.ignored == [])
      #expect(checkpoint.configs["unet"]?["block_out_channels"]?.array?.compactMap(\.int) == [32, 64])
      #expect(checkpoint.configs["vae"]?["scaling_factor"]?.double == 0.18215)
      #expect(checkpoint.configs["text_encoder"]?["hidden_act"]?.string == "quick_gelu")
      #expect(checkpoint.configs["scheduler"]?["prediction_type"]?.string == "epsilon")
      #expect(checkpoint.configs["model_index"] != nil)
    }
  }

  @Test("The folder needs no model_index.json, and variants count where there is nothing better")
  func variants() throws {
    try writeFolder(
      unet: "diffusion_pytorch_model.fp16.safetensors", vae: "diffusion_pytorch_model.bf16.safetensors",
      text: "model.fp16.safetensors")
    try FileManager.default.removeItem(at: folder.url.appending(path: "model_index.json"))
    #expect(try Checkpoint.open(folder.url)[.unet]?.dataTypes.keys.first == .float16)
    // Full precision beside the variant is preferred.
    let full = folder.url.appending(path: "unet/diffusion_pytorch_model.safetensors")
    try writeZeros(component("unet"), .float32, to: full)
    let checkpoint = try Checkpoint.open(folder.url)
    #expect(checkpoint[.unet]?.dataTypes.keys.first == .float32)
    #expect(checkpoint.parts.count == 3)
  }

  @Test(
    "Sharded weights by either name of the index",
    arguments: [
      "diffusion_pytorch_model.safetensors.index.json", "diffusion_pytorch_model.safetensors.index.fp16.json",
      "diffusion_pytorch_model.fp16.safetensors.index.json",
    ])
  func shards(index: String) throws {
    try writeFolder()
    try FileManager.default.removeItem(at: folder.url.appending(path: "unet/diffusion_pytorch_model.safetensors"))
    try writeShards(index: "unet/\(index)")
    let checkpoint = try Checkpoint.open(folder.url)
    #expect(Set(checkpoint.tensors.keys) == Set(pairs.map(\.canonical)))
    #expect(try Checkpoint.open(folder.url.appending(path: "unet/\(index)"))[.unet] == checkpoint[.unet])
  }

  private func writeShards(index: String) throws {
    let tensors = component("unet")
    let half = tensors.count / 2
    var map: [String] = []
    for (number, part) in [tensors[..<half], tensors[half...]].enumerated() {
      let name = "diffusion_pytorch_model-0000\(number + 1)-of-00002.safetensors"
      try writeZeros(Array(part), to: folder.url.appending(path: "unet/\(name)"))
      map += part.map { "\"\($0.name)\":\"\(name)\"" }
    }
    try folder.file(index, #"{"metadata":{"total_size":1},"weight_map":{\#(map.joined(separator: ","))}}"#)
  }

  @Test func brokenShards() throws {
    let index = "unet/diffusion_pytorch_model.safetensors.index.json"
    try writeShards(index: index)
    let second = folder.url.appending(path: "unet/diffusion_pytorch_model-00002-of-00002.safetensors")
    try writeZeros([("other", [1])], to: second)
    #expect(errorCode { _ = try Checkpoint.open(folder.url) } == "missingTensor")
    try FileManager.default.removeItem(at: second)
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.url) }
    #expect(error?.code == "missingShard")
    #expect(error?.description.contains(second.lastPathComponent) == true)
    try FileManager.default.removeItem(at: folder.url.appending(path: index))
    #expect(errorCode { _ = try Checkpoint.open(folder.url) } == "invalidIndex")
  }

  @Test(
    "An index cannot lead out of its folder",
    arguments: [
      "../x.safetensors", "/etc/x.safetensors", "a/x.safetensors", #"..\\x.safetensors"#, "", "..", "x.exe", "x.bin/",
      #"x\u0000.safetensors"#, "../\u{301}x.safetensors", "a/\u{338}x.safetensors", "\u{301}/x.safetensors",
      "..\\\\\u{301}x.safetensors", ".\u{301}x.safetensors", "x.safetensors\u{301}", #"a\nb.safetensors"#,
    ])
  func traversal(shard: String) throws {
    try writeZeros([("a", [1])], to: folder.url.appending(path: "x.safetensors"))
    let index = try folder.file("in/x.safetensors.index.json", #"{"weight_map":{"a":"\#(shard)"}}"#)
    #expect(errorCode { _ = try Checkpoint.open(index) } == "invalidIndex")
  }

  @Test(arguments: [#"{"weight_map":[]}"#, #"{"weight_map":{"a":1}}"#, "{}"])
  func brokenIndex(text: String) throws {
    #expect(errorCode { _ = try Checkpoint.open(try folder.file("x.index.json", text)) } == "invalidIndex")
  }

  @Test func configurationInMetadata() throws {
    let config = #"{\"unet\":{\"attention_head_dim\":8.0},\"scheduler\":{\"steps_offset\":1},\"note\":3}"#
    let url = folder.url.appending(path: "x.safetensors")
    try writeZeros(component("vae"), metadata: #"{"config":"\#(config)","author":"someone"}"#, to: url)
    let checkpoint = try Checkpoint.open(url)
    #expect(checkpoint.configs.keys.sorted() == ["scheduler", "unet"])
    #expect(checkpoint.configs["unet"]?["attention_head_dim"]?.int == 8)
    #expect(checkpoint.metadata["author"] == "someone")
    // Other programs keep other things under the same key.
    try writeZeros(component("vae"), metadata: #"{"config":"v1-inference.yaml"}"#, to: url)
    #expect(try Checkpoint.open(url).configs.isEmpty)
  }

  @Test("A file built into the program opens like one on disk")
  func permanentBytes() throws {
    let header = #"{"unet.conv_in.bias":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#
    let file = safetensors(Data(header.utf8), data: Data([3, 4]))
    try file.withUnsafeBytes { bytes in
      let checkpoint = try Checkpoint.open(permanent: bytes, name: "demo.safetensors")
      #expect(checkpoint.url.lastPathComponent == "demo.safetensors")
      #expect(try read(checkpoint, "unet.conv_in.bias", as: .float32, of: Float.self, count: 2) == [3, 4])
      let short = UnsafeRawBufferPointer(rebasing: bytes.dropLast())
      #expect(errorCode { _ = try Checkpoint.open(permanent: short, name: "demo.safetensors") } == "truncatedFile")
    }
  }

  @Test("A folder of one network is told by its configuration")
  func componentFolder() throws {
    try writeFolder()
    try folder.file("vae/config.json", #"{"_class_name":"AutoencoderKL"}"#)
    let checkpoint = try Checkpoint.open(folder.url.appending(path: "vae"))
    #expect(checkpoint.kind == .vae)
    #expect(checkpoint.parts.map(\.component) == [.vae])
    #expect(checkpoint.configs["vae"] != nil)
  }

  @Test func wrongPaths() throws {
    #expect(errorCode { _ = try Checkpoint.open(folder.url.appending(path: "absent.safetensors")) } == "fileNotFound")
    #expect(errorCode { _ = try Checkpoint.open(folder.url) } == "notAModelFolder")
    #expect(errorCode { _ = try Checkpoint.open(try folder.file("config.json", "{}")) } == "unsupportedFormat")
    try FileManager.default.removeItem(at: folder.url.appending(path: "config.json"))
    let file = try folder.file("some.safetensors", "")
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.url) }
    #expect(error?.description.contains("some.safetensors") == true)
    #expect(errorCode { _ = try Checkpoint.open(file) } == "truncatedFile")
  }

  @Test("What is neither a pickle nor safetensors gets one sentence", arguments: ["ckpt", "pt", "bin"])
  func pickles(pathExtension: String) throws {
    let file = try folder.file("model.\(pathExtension)", "\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}\u{8}\u{9}")
    #expect(errorCode { _ = try Checkpoint.open(file) } == "unsupportedFormat")
  }

  @Test func folderOfPickles() throws {
    try writeFolder(unet: "x", vae: "x", text: "x")
    let error = { errorCode { _ = try Checkpoint.open(self.folder.url) } }
    #expect(error() == "missingWeights")
    try folder.file("unet/diffusion_pytorch_model.bin", "x")
    #expect(error() == "unsupportedFormat")
    try FileManager.default.removeItem(at: folder.url.appending(path: "unet/diffusion_pytorch_model.bin"))
    #expect(error() == "missingWeights")
  }

  @Test func brokenConfiguration() throws {
    try writeFolder()
    for text in ["{", "[]", #"{"a":1,"a":2}"#] {
      try folder.file("vae/config.json", text)
      let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.url) }
      #expect(error?.code == "invalidConfiguration")
      #expect(error?.description.contains("vae/config.json") == true)
    }
  }
}

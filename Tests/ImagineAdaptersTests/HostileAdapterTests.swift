import CKernels
import Foundation
import ImagineAdapters
import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import Testing

/// Files that are no LoRAs, are damaged or of another model: one sentence each, that names the file and what to do.
struct HostileAdapterTests {
  private static let path = "unet.mid_block.attentions.0.proj_in"
  private static let stem = "lora_unet_mid_block_attentions_0_proj_in"
  private static let parameters: [String: Shape] = ["\(path).weight": [6, 8], "\(path).bias": [6]]

  private static func lora(_ rank: Int = 2) -> [String: TestTensor] {
    [
      "\(stem).lora_down.weight": TestTensor([rank, 8], seed: "down"),
      "\(stem).lora_up.weight": TestTensor([6, rank], seed: "up"), "\(stem).alpha": TestTensor([], [1]),
    ]
  }

  private func message(of data: Data, ending: String = "safetensors") throws -> String {
    let folder = try TestFolder(), url = folder.file("bad.\(ending)")
    try data.write(to: url)
    let error = #expect(throws: (any Error).self) { try AdapterFile(url) }
    return error.map { "\($0)" } ?? ""
  }

  @Test func filesThatAreNone() throws {
    let folder = try TestFolder(), whole = folder.file("whole.safetensors")
    _ = try AdapterFile.writing(Self.lora(), to: whole)
    let bytes = try Data(contentsOf: whole)
    let messages = [
      try message(of: Data()), try message(of: bytes.prefix(bytes.count - 5)), try message(of: bytes.prefix(20)),
      try message(of: Data("<html>".utf8)), try message(of: Data([2, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D])),
      try message(of: Data(repeating: 0xFF, count: 64)), try message(of: Data("PK".utf8), ending: "pt"),
    ]
    for message in messages {
      #expect(message.contains("'bad."), "\(message)")
      #expect(!message.contains("\n") && message.hasSuffix("."), "\(message)")
    }
    #expect("\(try #require(throws: (any Error).self) { try AdapterFile(folder.url) })".contains("is a folder"))
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func numbersThatAreNone(_ value: Float) throws {
    let folder = try TestFolder()
    for (name, tensor) in Self.lora() {
      var tensors = Self.lora()
      tensors[name] = TestTensor(tensor.shape, tensor.values.dropLast() + [value])
      let error = #expect(throws: AdapterError.self) {
        try AdapterFile.writing(tensors, to: folder.file("n.safetensors"))
      }
      #expect(error?.description.contains("no numbers, in '\(name)'") == true)
    }
  }

  /// Shapes that would lead out of the tensors, each left over by its name, and nothing read.
  @Test func shapesThatDoNotFit() throws {
    let folder = try TestFolder()
    func leftovers(_ tensors: [String: TestTensor]) throws -> [LeftoverReason] {
      let named = Dictionary(uniqueKeysWithValues: tensors.map { ("\(Self.stem).\($0)", $1) })
      let file = try AdapterFile.writing(named, to: folder.file("s.safetensors"))
      let adapter = try Adapter(file, for: ModuleNames(Self.parameters))
      #expect(adapter.tensorCount == 0 && adapter.parameters.isEmpty)
      return adapter.leftovers.map(\.reason)
    }
    func zeros(_ shape: Int...) -> TestTensor { TestTensor(shape, seed: "\(shape)") }
    let cases: [([String: TestTensor], LeftoverReason)] = [
      (["lora_down.weight": zeros(2, 9), "lora_up.weight": zeros(6, 2)], .shape),
      (["lora_down.weight": zeros(2, 8), "lora_up.weight": zeros(7, 2)], .shape),
      (["lora_down.weight": zeros(2, 8), "lora_up.weight": zeros(6, 3)], .shape),
      (["lora_down.weight": zeros(2, 8, 3, 3), "lora_up.weight": zeros(6, 2, 1, 1)], .shape),
      (["lora_down.weight": zeros(0, 8), "lora_up.weight": zeros(6, 0)], .incomplete),
      (["lora_down.weight": zeros(), "lora_up.weight": zeros()], .incomplete),
      (["lora_down.weight": zeros(2, 8)], .incomplete), (["alpha": zeros()], .incomplete),
      (["lora_down.weight": zeros(2, 8), "lora_up.weight": zeros(6, 2), "dora_scale": zeros(5, 1)], .shape),
      (["lora_down.weight": zeros(2, 8), "lora_up.weight": zeros(6, 2), "lora_mid.weight": zeros(2, 3, 3, 3)], .shape),
      (
        ["hada_w1_a": zeros(6, 2), "hada_w1_b": zeros(2, 8), "hada_w2_a": zeros(6, 3), "hada_w2_b": zeros(2, 8)], .shape
      ),
      (["hada_w1_a": zeros(6, 2), "hada_w1_b": zeros(2, 8)], .incomplete),
      (["lokr_w1": zeros(4, 2), "lokr_w2": zeros(3, 4)], .shape),
      (["lokr_w1": zeros(2), "lokr_w2": zeros(3, 4)], .shape),
      (["lokr_w1": zeros(0, 0), "lokr_w2": zeros(3, 4)], .shape),
      (["oft_blocks": zeros(2, 4, 4)], .shape), (["oft_blocks": zeros(0, 0, 0)], .shape),
      (["oft_blocks": zeros(9, 3, 2, 2)], .shape), (["oft_blocks": zeros(6)], .shape),
      (["diff": zeros(8, 5)], .shape), (["set_weight": zeros(4)], .shape),
      (["weight": zeros(5), "on_input": zeros()], .shape), (["weight": zeros(6, 8)], .incomplete),
      (["ia3_l": zeros(7, 1)], .shape),
      (["oft_R.weight": zeros(3, 1)], .unsupported("PEFT's OFT without its adapter_config.json, or with coft")),
      (["a1.weight": zeros(2, 8), "a2.weight": zeros(8, 2)], .unsupported("GLoRA")),
    ]
    for (tensors, reason) in cases {
      #expect(try leftovers(tensors) == Array(repeating: reason, count: tensors.count), "\(tensors.keys.sorted())")
    }
  }

  private func problem(_ tensors: [String: TestTensor], notes: [String: String] = [:], allowsPart: Bool = false) throws
    -> String?
  {
    let folder = try TestFolder()
    let file = try AdapterFile.writing(tensors, notes: notes, to: folder.file("x.safetensors"))
    let adapter = try Adapter(file, for: ModuleNames(Self.parameters))
    do {
      try adapter.requireFit("Stable Diffusion 1.x", .stableDiffusion1, allowsPart: allowsPart)
      return nil
    } catch { return error.description }
  }

  @Test func filesOfOtherModelsSayWhich() throws {
    #expect(try problem(Self.lora()) == nil)
    let flux = ["lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight": TestTensor([2, 8], seed: "a")]
    #expect(
      try problem(flux)?.contains("was made for FLUX, and the model is Stable Diffusion 1.x: 0 of its 1 tensors fit")
        == true)
    let wide = [
      "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight": TestTensor(
        [1, 2048], seed: "b")
    ]
    #expect(try problem(wide)?.contains("made for Stable Diffusion XL") == true)
    let noted = try problem(["x": TestTensor([1], [0])], notes: ["ss_base_model_version": "sdxl_base_v1-0"])
    #expect(noted?.contains("made for Stable Diffusion XL") == true)
    #expect(try problem(["x": TestTensor([1], [0])])?.contains("none of the 1 tensors fits the model ('x')") == true)
    let glora = ["\(Self.stem).a1.weight": TestTensor([2, 8], seed: "c")]
    #expect(try problem(glora)?.contains("GLoRA") == true)
    let part = Self.lora().merging(["lora_unet_nowhere.alpha": TestTensor([], [1])]) { $1 }
    let message = try problem(part)
    #expect(message?.contains("3 of 4 tensors fit") == true && message?.contains("'lora_unet_nowhere.alpha'") == true)
    #expect(try problem(part, allowsPart: true) == nil)
    #expect(try problem(flux, allowsPart: true) != nil)
  }

  @Test func weightsThatAreTooLargeForTheirFormat() throws {
    let folder = try TestFolder()
    let file = try AdapterFile.writing(Self.lora(), to: folder.file("l.safetensors"))
    let adapter = try Adapter(file, for: ModuleNames(Self.parameters))
    let base = MemoryWeights(tensors: ["\(Self.path).weight": ([6, 8], [Float](repeating: 1, count: 48))])
    let adapted = AdaptedWeights(base, base.shapes, [.init(adapter, .init(1e9))], features: ck_cpu_features())
    var halves = [UInt16](repeating: 0, count: 48)
    let error = #expect(throws: AdapterError.self) {
      try halves.withUnsafeMutableBytes { try adapted.read("\(Self.path).weight", as: .float16, into: $0) }
    }
    #expect(error?.description.contains("choose a smaller weight") == true)
  }
}

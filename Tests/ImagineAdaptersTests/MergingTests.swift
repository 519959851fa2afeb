import CKernels
import Foundation
import ImagineAdapters
import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import Testing

/// How adapters come together in a weight.
struct MergingTests {
  private static let path = "unet.down_blocks.0.attentions.0.proj_in.weight"
  private static let stem = "lora_unet_down_blocks_0_attentions_0_proj_in"

  private static func adapter(_ tensors: [String: TestTensor], _ base: MemoryWeights, _ folder: TestFolder) throws
    -> Adapter
  {
    let named = Dictionary(uniqueKeysWithValues: tensors.map { ("\(stem).\($0)", $1) })
    let file = try AdapterFile.writing(named, to: folder.file("\(UUID().uuidString).safetensors"))
    let adapter = try Adapter(file, for: ModuleNames(base.shapes))
    #expect(adapter.leftovers.isEmpty, "\(adapter.named)")
    return adapter
  }

  private static func base(_ rows: Int, _ columns: Int) -> MemoryWeights {
    MemoryWeights(tensors: [path: ([rows, columns], TestTensor([rows, columns], seed: "base").values)])
  }

  private static func low(_ rows: Int, _ columns: Int, _ rank: Int, _ seed: String) -> [String: TestTensor] {
    [
      "lora_down.weight": TestTensor([rank, columns], seed: "down \(seed)"),
      "lora_up.weight": TestTensor([rows, rank], seed: "up \(seed)"),
    ]
  }

  /// A row has the same bits however much is read at once, on every instruction set, in every format.
  @Test(arguments: [(13, 7, 3), (64, 40, 8), (150, 96, 33), (29, 64, 1), (400, 350, 5)])
  func readsTheSameInPieces(_ rows: Int, _ columns: Int, _ rank: Int) throws {
    let folder = try TestFolder(), base = Self.base(rows, columns), count = rows * columns
    let kinds: [[String: TestTensor]] = [
      Self.low(rows, columns, rank, "a"),
      Self.low(rows, columns, rank, "b").merging(["dora_scale": TestTensor([1, columns], seed: "m")]) { $1 },
    ]
    for tensors in kinds {
      let adapter = try Self.adapter(tensors, base, folder)
      for mask in FormulaTests.masks {
        let adapted = AdaptedWeights(base, base.shapes, [.init(adapter, .init(0.7))], features: mask)
        for type in [ElementType.float32, .float16, .bfloat16] {
          var whole = [UInt8](repeating: 0, count: count * type.size), pieces = whole
          try whole.withUnsafeMutableBytes { try adapted.read(Self.path, as: type, into: $0) }
          for start in stride(from: 0, to: count, by: count / 3 + 1) {
            let end = min(start + count / 3 + 1, count)
            try pieces.withUnsafeMutableBytes { bytes in
              let part = UnsafeMutableRawBufferPointer(rebasing: bytes[start * type.size..<end * type.size])
              try adapted.read(Self.path, as: type, elements: start..<end, of: count, into: part)
            }
          }
          #expect(whole == pieces, "\(type) with \(mask)")
        }
        // Rounding is that of a file's own conversion.
        let floats = try adapted.floats(Self.path, count: count)
        var halves = [UInt16](repeating: 0, count: count)
        try halves.withUnsafeMutableBytes { try adapted.read(Self.path, as: .float16, into: $0) }
        #expect(halves == floats.map { HalfFloat.bits($0) })
      }
    }
  }

  @Test func severalAddUpInTheirOrder() throws {
    let folder = try TestFolder(), base = Self.base(12, 10), count = 120
    let first = try Self.adapter(Self.low(12, 10, 2, "a"), base, folder)
    let second = try Self.adapter(["diff": TestTensor([12, 10], seed: "d")], base, folder)
    func merged(_ applied: [AdaptedWeights.Applied]) throws -> [Float] {
      try AdaptedWeights(base, base.shapes, applied, features: ck_cpu_features()).floats(Self.path, count: count)
    }
    let both = try merged([.init(first, .init(0.5)), .init(second, .init(2))])
    let one = try merged([.init(first, .init(0.5))]), other = TestTensor([12, 10], seed: "d").values
    for index in 0..<count { #expect(abs(both[index] - (one[index] + 2 * other[index])) < 1e-6) }
    // Nothing at a strength of 0, and nothing in networks that have none.
    #expect(try merged([.init(first, .init(0))]) == base.tensors[Self.path]?.values)
    #expect(try merged([.init(first, .init(unet: 0, textEncoder: 1))]) == base.tensors[Self.path]?.values)
    let none = AdaptedWeights(base, base.shapes, [.init(first, .init(0))], features: 0)
    #expect(none.touched.isEmpty)
  }

  @Test func theFirstRanksAlone() throws {
    let folder = try TestFolder(), base = Self.base(9, 8)
    let whole = try Self.adapter(Self.low(9, 8, 4, "a"), base, folder)
    var cut = Self.low(9, 8, 4, "a")
    let down = try #require(cut["lora_down.weight"]?.values), up = try #require(cut["lora_up.weight"]?.values)
    cut["lora_down.weight"] = TestTensor([2, 8], Array(down[..<16]))
    cut["lora_up.weight"] = TestTensor([9, 2], (0..<9).flatMap { up[$0 * 4..<$0 * 4 + 2] })
    let part = try Self.adapter(cut, base, folder)
    func merged(_ adapter: Adapter, _ strength: AdapterStrength) throws -> [Float] {
      try AdaptedWeights(base, base.shapes, [.init(adapter, strength)], features: ck_cpu_features())
        .floats(Self.path, count: 72)
    }
    #expect(try merged(whole, .init(unet: 1, textEncoder: 1, ranks: 2)) == merged(part, .init(1)))
    #expect(try merged(whole, .init(unet: 1, textEncoder: 1, ranks: 9)) == merged(whole, .init(1)))
  }

  @Test func blocksHaveStrengthsOfTheirOwn() throws {
    #expect(BlockWeights([Float](repeating: 1, count: 13)) == nil && BlockWeights([]) == nil)
    #expect(BlockWeights([.nan] + [Float](repeating: 1, count: 16)) == nil)
    let model = try FamilyModel("sd1"), folder = try TestFolder()
    let base = MemoryWeights(
      tensors: Dictionary(
        uniqueKeysWithValues: try model.rows.map { ($0.path, (Shape($0.shape), try FamilyModel.values($0))) }))
    let file = try AdapterFile(AdapterGolden.of("kohya", "sd1").write(to: folder.url))
    let adapter = try Adapter(file, for: ModuleNames(base.shapes))
    // IN01 alone of 17, which is the second number.
    let blocks = BlockWeights([0, 1] + [Float](repeating: 0, count: 15))
    let adapted = AdaptedWeights(
      base, base.shapes, [.init(adapter, .init(unet: 1, textEncoder: 1, blocks: blocks))], features: 0)
    let touched = adapted.touched
    #expect(touched.contains { $0.hasPrefix("unet.down_blocks.0.attentions.0.") })
    #expect(!touched.contains { $0.hasPrefix("unet.up_blocks.3.attentions.") || $0.hasPrefix("text_encoder.") })
    #expect(touched.isSubset(of: adapter.parameters))
  }

  /// Layers of a text encoder that the model leaves out are known, and change nothing.
  @Test func layersThatAreLeftOut() throws {
    let parameters: [String: Shape] = ["text_encoder.text_model.encoder.layers.0.mlp.fc1.weight": [8, 6]]
    let folder = try TestFolder(), stem = "lora_te_text_model_encoder_layers_1_mlp_fc1"
    let tensors = [
      "\(stem).lora_down.weight": TestTensor([1, 6], seed: "a"),
      "\(stem).lora_up.weight": TestTensor([8, 1], seed: "b"),
    ]
    let file = try AdapterFile.writing(tensors, to: folder.file("t.safetensors"))
    #expect(try Adapter(file, for: ModuleNames(parameters)).leftovers.count == 2)
    let known = try Adapter(file, for: ModuleNames(parameters, absentLayers: ["text_encoder": 1]))
    #expect(known.leftovers.isEmpty && known.tensorCount == 2 && known.parameters.isEmpty)
  }
}

import Foundation
import ImagineAdapters
import ImagineCheckpoint
import ImagineGraph
import Testing

/// Files of adapters with any tensors under names that mean something, bound to a model and merged.
@Suite struct AdapterFuzzTests {
  private static let parameters: [String: Shape] = [
    "unet.conv_in.weight": [4, 2, 3, 3], "unet.conv_in.bias": [4],
    "unet.mid_block.attentions.0.proj_in.weight": [4, 4],
    "unet.mid_block.attentions.0.norm.weight": [4], "text_encoder.text_model.encoder.layers.0.mlp.fc1.weight": [8, 4],
  ]
  private static let stems = [
    "lora_unet_conv_in", "lora_unet_mid_block_attentions_0_proj_in", "unet.mid_block.attentions.0.norm",
    "lora_te_text_model_encoder_layers_0_mlp_fc1", "diffusion_model.middle_block.0.proj_in", "nowhere",
  ]
  private static let ends = [
    "lora_down.weight", "lora_up.weight", "lora_mid.weight", "alpha", "scale", "dora_scale", "lora_A.weight",
    "lora_B.weight",
    "lora_B.bias", "lora_magnitude_vector", "hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2",
    "lokr_w1",
    "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2", "on_input", "weight", "ia3_l",
    "oft_blocks",
    "rescale", "oft_R.weight", "diff", "diff_b", "w_norm", "b_norm", "set_weight", "a1.weight",
  ]
  /// Ends that come together.
  private static let groups: [[String]] = [
    ["lora_down.weight", "lora_up.weight", "alpha"], ["lora_down.weight", "lora_up.weight", "dora_scale"],
    ["hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"], ["lokr_w1", "lokr_w2"],
    ["lokr_w1", "lokr_w2_a", "lokr_w2_b"],
    ["oft_blocks", "alpha"], ["weight", "on_input"], ["diff"],
    ["lora_down.weight", "lora_up.weight", "lora_mid.weight"],
  ]

  /// Shapes that fit the layer of the second name.
  private static let fitting: [String: [Int]] = [
    "lora_down.weight": [2, 4], "lora_up.weight": [4, 2], "alpha": [], "dora_scale": [4, 1], "hada_w1_a": [4, 2],
    "hada_w1_b": [2, 4], "hada_w2_a": [4, 2], "hada_w2_b": [2, 4], "lokr_w1": [2, 2], "lokr_w2": [2, 2],
    "lokr_w2_a": [2, 1], "lokr_w2_b": [1, 2], "oft_blocks": [2, 2, 2], "weight": [4], "on_input": [], "diff": [4, 4],
  ]

  private struct Ones: WeightSource {
    func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
      let ones = [Float](repeating: 1, count: destination.count / type.size)
      try ones.withUnsafeBytes { try StorageFormat.float32.convert($0, to: type, into: destination) }
    }
  }

  private static func file(_ random: inout FuzzRandom) -> [UInt8] {
    var members: [String] = [], offset = 0, seen: Set<String> = []
    for _ in 0..<1 + random.below(3) {
      let fits = random.oneIn(2), stem = fits ? stems[1] : random.pick(stems)
      for end in random.oneIn(3) ? [random.pick(ends), random.pick(ends)] : random.pick(groups) {
        guard seen.insert("\(stem).\(end)").inserted else { continue }
        var shape = (0..<random.below(5)).map { _ in random.pick([1, 1, 2, 3, 4, 8]) }
        if fits, !random.oneIn(10) { shape = fitting[end] ?? shape }
        if random.oneIn(12) { shape = [0] + (0..<3).map { _ in random.pick([Int(Int32.max), 3, 1]) } }
        let bytes = shape.contains(0) ? 0 : shape.reduce(4, *)
        members.append(
          "\"\(stem).\(end)\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[\(offset),\(offset + bytes)]}")
        offset += bytes
      }
    }
    let header = Array("{\(members.joined(separator: ","))}".utf8)
    // Numbers around 1, and seldom one that is none.
    var data: [UInt8] = []
    for _ in 0..<offset / 4 {
      let value: Float = random.oneIn(3000) ? .nan : Float(random.below(64)) / 16 - 2
      withUnsafeBytes(of: value) { data += $0 }
    }
    return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + data
  }

  @Test func anyTensorsUnderKnownNames() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "adapter-\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    let names = ModuleNames(Self.parameters)
    try Fuzz.run("adapters") { random in
      try Data(Self.file(&random)).write(to: url)
      do {
        let adapter = try Adapter(AdapterFile(url), for: names)
        Fuzz.expectMessage(adapter.named + ".", random)
        #expect(adapter.allTensors == adapter.file.tensors.count, "\(random)")
        let adapted = AdaptedWeights(Ones(), Self.parameters, [.init(adapter, .init(0.5))], features: 0)
        for path in adapted.touched {
          var values = [Float](repeating: 0, count: Self.parameters[path]?.count ?? 0)
          try values.withUnsafeMutableBytes { try adapted.read(path, as: .float32, into: $0) }
          let areFinite = values.allSatisfy { $0.isFinite }
          #expect(areFinite, "\(random)")
        }
        return !adapted.touched.isEmpty
      } catch let error as AdapterError {
        Fuzz.expectMessage(error.description, random)
        return false
      } catch let error as CheckpointError {
        Fuzz.expectMessage(error.description, random)
        return false
      }
    }
  }
}

import Foundation
import ImagineCheckpoint
import ImagineGraph
import Testing

@Suite struct CheckpointFuzzTests {
  private static let pieces = [
    "\"dtype\":\"F16\"", "\"shape\":[", "\"data_offsets\":[0,0]", "null", "{}", "[]", "\"__metadata__\":", "\\u0000",
    "0",
    "9223372036854775807", "4611686018427387904", "-1", "1e9", "\"", "\\", "}", "{", "\u{301}\u{323}",
  ].map { Array($0.utf8) }

  /// A header of tensors that follow each other as they should, most of the time.
  static func header(_ random: inout FuzzRandom, names: [String]) -> (header: [UInt8], dataBytes: Int) {
    var members: [String] = [], offset = 0
    if random.oneIn(2) {
      members.append("\"__metadata__\":\(random.pick(["null", "{}", "{\"format\":\"pt\"}", random.json()]))")
    }
    for _ in 0..<random.below(12) {
      let name = random.oneIn(8) ? random.text(length: random.below(5)) : random.pick(names)
      var shape = (0..<random.below(5)).map { _ in random.pick([0, 1, 2, 3, 4, 16]) }
      let type = random.pick(["F16", "F32", "BF16", "I64", "U8", "F8_E4M3", "BOOL", "F64"])
      let size = ["F16": 2, "BF16": 2, "F32": 4, "I64": 8, "F64": 8][type] ?? 1
      var end = offset + shape.reduce(size, *)
      if random.oneIn(20) { end += random.below(9) - 4 }
      if shape.contains(0), random.oneIn(3) {
        shape[random.below(shape.count)] = random.pick([1 << 31, 1 << 62, 65536])
      }
      members.append(
        "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[\(offset),\(end)]}")
      offset = max(end, 0)
    }
    return (Array("{\(members.joined(separator: ","))}".utf8), min(offset, 1 << 20))
  }

  private static func file(_ random: inout FuzzRandom, names: [String]) -> [UInt8] {
    var (header, dataBytes) = header(&random, names: names)
    if random.oneIn(2) { header = random.broken(header, with: pieces) }
    var length = UInt64(header.count)
    if random.oneIn(20) { length = random.next() >> UInt64(random.below(64)) }
    var bytes = withUnsafeBytes(of: length.littleEndian) { Array($0) } + header
    bytes += [UInt8](repeating: UInt8(random.below(256)), count: dataBytes)
    if random.oneIn(10) { bytes = random.broken(bytes) }
    return bytes
  }

  private static let names = [
    "model.diffusion_model.input_blocks.0.0.weight", "model.diffusion_model.input_blocks.1.1.proj_in.weight",
    "model.diffusion_model.out.2.weight", "model.diffusion_model.label_emb.0.0.weight",
    "model.diffusion_model.output_blocks.3.1.conv.weight", "model.diffusion_model.middle_block.1.norm.bias",
    "first_stage_model.decoder.up.3.block.0.conv1.weight", "first_stage_model.decoder.mid.attn_1.q.weight",
    "first_stage_model.decoder.up.99999999999999999999.block.0.conv1.weight", "first_stage_model.decoder.mid.block_0.x",
    "cond_stage_model.transformer.text_model.embeddings.position_ids", "cond_stage_model.model.positional_embedding",
    "cond_stage_model.model.transformer.resblocks.0.attn.in_proj_weight",
    "conditioner.embedders.0.model.text_projection",
    "conditioner.embedders.0.model.positional_embedding", "unet.conv_in.weight", "unet.unet.unet.conv_in.bias", "vae.",
    "unet.down_blocks.0.resnets.0.conv1.weight", "vae.decoder.conv_in.weight.scale_weight",
    "vae.decoder.conv_in.weight",
    "lora_unet_down.lora_up.weight", "unet.conv_in.scale_weight", "v_pred", "ztsnr", "position_ids", ".", "", "a..b",
    "emb_params", "control_model.input_hint_block.0.weight", "double_blocks.0.img_attn.qkv.weight", "text_encoder.",
  ]

  @Test("Headers: what opens tiles its file; what does not says why") func headers() throws {
    try Fuzz.run("header") { random in
      let bytes = Self.file(&random, names: Self.names)
      return bytes.withUnsafeBytes { bytes in
        do throws(CheckpointError) {
          let header = try SafetensorsHeader(bytes, file: "x")
          var next = header.tensors.first?.range.lowerBound ?? bytes.count
          for tensor in header.tensors {
            #expect(tensor.range.lowerBound == next, "\(random)")
            #expect(tensor.range.count == tensor.elementCount * tensor.dataType.bytesPerBlock, "\(random)")
            #expect(tensor.shape.allSatisfy { 0...SafetensorsHeader.maximumExtent ~= $0 }, "\(random)")
            #expect(tensor.name.text.utf8.count <= 1024, "\(random)")
            next = tensor.range.upperBound
          }
          #expect(next == bytes.count, "\(random)")
          return true
        } catch {
          Fuzz.expectMessage(error.description, random)
          return false
        }
      }
    }
  }

  @Test("Files: every tensor of an open one reads, or says why not") func files() throws {
    try Fuzz.run("file") { random in
      let bytes = Self.file(&random, names: Self.names)
      return try bytes.withUnsafeBytes { bytes in
        do {
          let checkpoint = try Checkpoint.open(permanent: bytes, name: "x.safetensors")
          #expect(!checkpoint.kind.description.isEmpty)
          for (name, tensor) in checkpoint.tensors.sorted(by: { $0.key < $1.key }) {
            for type in [ElementType.float32, .float16, .int32] {
              var values = [UInt8](repeating: 0, count: tensor.elementCount * type.size)
              do { try values.withUnsafeMutableBytes { try checkpoint.read(name, as: type, into: $0) } } catch let error
                as CheckpointError
              { Fuzz.expectMessage(error.description, random) }
            }
            _ = try checkpoint.lend(name, count: tensor.elementCount) { _, bytes in bytes.count }
          }
          return true
        } catch let error as CheckpointError {
          Fuzz.expectMessage(error.description, random)
          return false
        }
      }
    }
  }

  @Test("JSON: what is read here is JSON for others, too") func json() throws {
    try Fuzz.run("json") { random in
      var bytes = Array(random.json().utf8)
      if random.oneIn(2) { bytes = random.broken(bytes, with: Self.pieces) }
      guard let text = String(validating: bytes, as: UTF8.self) else { return false }
      do {
        _ = try JSONValue(parsing: text)
        #expect(throws: Never.self, "\(random): \(quoted(text))") {
          try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
        }
        return true
      } catch let error as JSONError {
        Fuzz.expectMessage(error.description, random)
        return false
      }
    }
  }
}

import Foundation
import ImagineCheckpoint
import ImagineGraph
import Testing

/// Tensors read in pieces are those read whole.
struct RangedReadTests {
  /// A whole tensor, rows of a joined one, a transposed one, and an fp8 tensor with a scale.
  private static let names = [
    "unet.conv_in.weight", "text_encoder_2.text_model.encoder.layers.0.self_attn.k_proj.weight",
    "text_encoder_2.text_projection.weight", "unet.conv_out.weight",
  ]

  private func pieces(
    _ checkpoint: Checkpoint, _ name: String, _ type: ElementType, _ length: Int
  ) throws -> [UInt8] {
    let count = try #require(checkpoint.tensors[name]).elementCount
    var bytes = [UInt8](repeating: 0, count: count * type.size)
    try bytes.withUnsafeMutableBytes { memory in
      for start in stride(from: 0, to: count, by: length) {
        let range = start..<min(start + length, count)
        try checkpoint.read(
          name, as: type, elements: range, of: count,
          into: UnsafeMutableRawBufferPointer(
            rebasing: memory[range.lowerBound * type.size..<range.upperBound * type.size]))
      }
    }
    return bytes
  }

  @Test(arguments: [ElementType.float32, .float16, .bfloat16], [1, 7, 64])
  func agreeWithTheWhole(_ type: ElementType, _ length: Int) throws {
    let folder = try TemporaryFolder()
    let checkpoint = try Self.checkpoint(in: folder)
    for name in Self.names {
      let count = try #require(checkpoint.tensors[name]).elementCount
      let whole = try read(checkpoint, name, as: type, of: UInt8.self, count: count * type.size)
      #expect(Set(whole).count > 2)
      #expect(try pieces(checkpoint, name, type, length) == whole, "\(name)")
    }
  }

  /// A tensor is lent as the file has it unless it has to be changed on the way.
  @Test func lending() throws {
    let folder = try TemporaryFolder()
    let checkpoint = try Self.checkpoint(in: folder)
    let formats: [ElementType?] = [.float16, .float32, nil, nil]
    for (name, format) in zip(Self.names, formats) {
      let count = try #require(checkpoint.tensors[name]).elementCount
      let lent = try checkpoint.lend(name, count: count) { ($0, Array($1)) }
      #expect(lent?.0 == format)
      if let (type, bytes) = lent {
        #expect(try read(checkpoint, name, as: type, of: UInt8.self, count: count * type.size) == bytes)
      }
      #expect(errorCode { _ = try checkpoint.lend(name, count: count + 1) { _, _ in } } == "elementCountMismatch")
    }
    #expect(errorCode { _ = try checkpoint.lend("unet.nothing", count: 1) { _, _ in } } == "missingTensor")
  }

  @Test func wrongRanges() throws {
    let folder = try TemporaryFolder()
    let checkpoint = try Self.checkpoint(in: folder), name = Self.names[0]
    let count = try #require(checkpoint.tensors[name]).elementCount
    var memory = [UInt8](repeating: 0, count: 64)
    for (range, count, bytes) in [
      (0..<4, count + 1, 16), (count - 2..<count + 2, count, 16), (-1..<3, count, 16), (0..<4, count, 15),
    ] {
      let code = memory.withUnsafeMutableBytes { memory in
        errorCode {
          try checkpoint.read(
            name, as: .float32, elements: range, of: count,
            into: UnsafeMutableRawBufferPointer(rebasing: memory[..<bytes]))
        }
      }
      #expect(code == "elementCountMismatch")
    }
    #expect(memory.allSatisfy { $0 == 0 })
  }

  private static func checkpoint(in folder: TemporaryFolder) throws -> Checkpoint {
    let tensors: [(name: String, type: String, size: Int, shape: [Int])] = [
      ("model.diffusion_model.input_blocks.0.0.weight", "F16", 2, [8, 4, 3, 3]),
      ("conditioner.embedders.1.model.transformer.resblocks.0.attn.in_proj_weight", "F32", 4, [24, 8]),
      ("conditioner.embedders.1.model.text_projection", "BF16", 2, [8, 6]),
      ("model.diffusion_model.out.2.weight", "F8_E4M3", 1, [4, 8, 3, 3]),
      ("model.diffusion_model.out.2.weight_scale", "F32", 4, [1]),
    ]
    var members: [String] = [], data = Data()
    for (name, type, size, shape) in tensors {
      let count = shape.reduce(1, *), start = data.count
      for index in 0..<count {
        // Finite in every format, and different from one element to the next.
        let byte = UInt8(truncatingIfNeeded: index &* 37 % 119)
        data += [UInt8](repeating: byte, count: size - 1) + [size == 1 ? byte : UInt8(0x30 + index % 13)]
      }
      members.append(
        "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[\(start),\(data.count)]}")
    }
    let header = Data("{\(members.joined(separator: ","))}".utf8)
    return try Checkpoint.open(folder.file("x.safetensors", safetensors(header, data: data)))
  }
}

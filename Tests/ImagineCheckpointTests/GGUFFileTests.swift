import Foundation
import ImagineGraph
import Testing

@testable import ImagineCheckpoint

@Suite("GGUF files, against gguf's own reader")
struct GGUFFileTests {
  private static let folder = goldens.deletingLastPathComponent().appending(path: "gguf")
  private static let formats = StorageFormat.allCases.filter { $0.blockLength > 1 }

  private static func golden(_ name: String) throws -> SafetensorsFile {
    try SafetensorsFile(folder.appending(path: name))
  }

  private static func floats(_ file: SafetensorsFile, _ name: String) throws -> [Float] {
    try file.withBytes(of: name) { bytes in
      (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
  }

  /// The same but for the last bit, where the order of two operations counts.
  private func areEqual(_ left: [Float], _ right: [Float]) -> Bool {
    left.count == right.count && !left.isEmpty && zip(left, right).allSatisfy { abs($0 - $1) <= 2e-7 * abs($1) }
  }

  @Test("A block of every format", arguments: formats) func blocks(format: StorageFormat) throws {
    let file = try Self.golden("blocks.safetensors")
    let bytes = try file.withBytes(of: format.rawValue) { Array($0) }
    let expected = try Self.floats(file, "\(format.rawValue).values")
    #expect(expected.count == bytes.count / format.bytesPerBlock * format.blockLength)
    var values = [Float](repeating: .nan, count: expected.count)
    // At an odd address.
    try ([0] + bytes).withUnsafeBytes { bytes in
      try values.withUnsafeMutableBytes {
        try format.convert(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()), to: .float32, into: $0)
      }
    }
    #expect(areEqual(values, expected))
    for (type, encode) in [(ElementType.float16, HalfFloat.bits), (.bfloat16, BFloat16.bits)] {
      var halves = [UInt16](repeating: 0, count: values.count)
      try bytes.withUnsafeBytes { bytes in
        try halves.withUnsafeMutableBytes { try format.convert(bytes, to: type, into: $0) }
      }
      #expect(halves == values.map(encode))
    }
  }

  @Test("Blocks as whole numbers: those of a quantised table are rounded") func integers() throws {
    // Scale 1 and the numbers from -8 to 7.
    let block: [UInt8] = [0x00, 0x3C] + (0..<16).map { $0 | (15 - $0) << 4 }
    var values = [Int32](repeating: 99, count: 32)
    try block.withUnsafeBytes { block in
      try values.withUnsafeMutableBytes { try StorageFormat.blocks(.q4_0).convert(block, to: .int32, into: $0) }
    }
    #expect(values == (-8...7).map { $0 } + (-8...7).reversed().map { $0 })
  }

  @Test("The tensors of a file", arguments: ["notes", "reshaped"]) func tensors(name: String) throws {
    let expected = try Self.golden("files.safetensors")
    let file = try TensorContainer.open(MappedFile(Self.folder.appending(path: "\(name).gguf")))
    #expect(file.tensors.count == expected.tensors.count { $0.name.text.hasPrefix("\(name)/") })
    for tensor in file.tensors {
      let golden = try #require(expected["\(name)/\(tensor.name.text)"])
      #expect(tensor.shape == golden.shape)
      var values = [Float](repeating: .nan, count: tensor.elementCount)
      try file.withBytes(of: tensor, 0..<tensor.elementCount) { (bytes: UnsafeRawBufferPointer) in
        try values.withUnsafeMutableBytes { try tensor.dataType.convert(bytes, to: .float32, into: $0) }
      }
      #expect(areEqual(values, try Self.floats(expected, golden.name.text)), "\(tensor.name)")
    }
    #expect(file.metadata["general.architecture"] == "sd1")
  }

  @Test("Rows, columns and pieces of tensors that lie in blocks", arguments: [1, 77, 256, 1000])
  func pieces(length: Int) throws {
    let expected = try Self.golden("files.safetensors")
    let checkpoint = try Checkpoint.open(Self.folder.appending(path: "reshaped.gguf"))
    #expect(checkpoint.kind == .stableDiffusion1(.latent))
    let encoder = "text_encoder_2.text_model.encoder.layers.0.self_attn"
    let joined = try Self.floats(
      expected, "reshaped/cond_stage_model.1.transformer.text_model.encoder.layers.0.self_attn.in_proj.weight")
    let projection = try Self.floats(expected, "reshaped/cond_stage_model.1.transformer.text_model.text_projection")
    for (name, shape, values) in [
      ("unet.conv_in.weight", [64, 4, 3, 3], try Self.floats(expected, "reshaped/input_blocks.0.0.weight")),
      ("\(encoder).q_proj.weight", [32, 32], Array(joined[..<1024])),
      ("\(encoder).v_proj.weight", [32, 32], Array(joined[2048...])),
      ("text_encoder_2.text_projection.weight", [64, 32], (0..<2048).map { projection[$0 % 32 * 64 + $0 / 32] }),
    ] {
      let tensor = try #require(checkpoint.tensors[name])
      #expect(tensor.shape == shape)
      // Never lent: there is nothing like it in memory. Kept in 16 bits.
      #expect(try checkpoint.lend(name, count: tensor.elementCount) { type, _ in type } == nil)
      #expect(checkpoint.storedType(name) == .float16)
      var read: [Float] = []
      for start in stride(from: 0, to: tensor.elementCount, by: length) {
        let range = start..<min(start + length, tensor.elementCount)
        var piece = [Float](repeating: .nan, count: range.count)
        try piece.withUnsafeMutableBytes {
          try checkpoint.read(name, as: .float32, elements: range, of: tensor.elementCount, into: $0)
        }
        read += piece
      }
      #expect(areEqual(read, values), "\(name)")
    }
  }
}

@Suite("GGUF files that break a rule: one sentence, and nothing else")
struct HostileGGUFTests {
  private let bytes: [UInt8]

  init() throws {
    bytes = Array(try Data(contentsOf: goldens.deletingLastPathComponent().appending(path: "gguf/notes.gguf")))
  }

  private func fault(_ bytes: [UInt8]) -> String? {
    do {
      let folder = try TemporaryFolder()
      _ = try TensorContainer.open(MappedFile(folder.file("x.gguf", Data(bytes))))
      return nil
    } catch let error as CheckpointError {
      return error.description
    } catch {
      return "no sentence: \(error)"
    }
  }

  /// The file with bytes put in the place of others, so far behind the end of a text.
  private func changed(after text: String, by distance: Int = 0, _ patch: [UInt8]) throws -> [UInt8] {
    try Self.changed(bytes, after: text, by: distance, patch)
  }

  private static func changed(_ bytes: [UInt8], after text: String, by distance: Int, _ patch: [UInt8]) throws
    -> [UInt8]
  {
    let name = Array(text.utf8)
    let start = try #require(bytes.indices.first { bytes[$0...].starts(with: name) }) + name.count + distance
    var changed = bytes
    changed.replaceSubrange(start..<start + patch.count, with: patch)
    return changed
  }

  private func little<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  @Test("Cut short anywhere") func cutShort() {
    // The last tensor is followed by less than 64 bytes that belong to none.
    for length in stride(from: 4, to: bytes.count - 64, by: 7) {
      let sentence = fault(Array(bytes.prefix(length)))
      #expect(sentence?.contains("ends within its header") == true || sentence?.contains("cut short") == true)
    }
    #expect(fault(bytes) == nil)
  }

  @Test func everyRule() throws {
    // A tensor's name is followed by its rank, extents, type and place.
    let afterQ8 = "q8_0"
    for (bytes, words) in [
      (try changed(after: "GGUF", little(UInt32(1))), "of version 1"),
      (try changed(after: "GGUF", [0, 0, 0, 3]), "big-endian"),
      (try changed(after: "GGUF", by: 12, little(UInt64.max)), "18446744073709551615 notes"),
      (try changed(after: "GGUF", by: 4, little(UInt64(1) << 20)), "1048576 tensors"),
      (try changed(after: "GGUF", by: 12, little(UInt64(1) << 18)), "ends within its header"),
      (try changed(after: "general.alignment", by: 4, little(UInt32(48))), "multiples of 48"),
      (try changed(after: "general.alignment", by: 4, little(UInt32(0))), "multiples of 0"),
      (try changed(after: "general.alignment", little(UInt32(99))), "unknown type 99"),
      (try changed(after: "a.words", by: 4, little(UInt32(77))), "unknown type 77"),
      (try changed(after: "a.words", by: 8, little(UInt64(1) << 40)), "list of"),
      (try changed(after: "a.scores", by: 8, little(UInt64(1) << 20)), "ends within its header"),
      (try changed(after: "a.u8", by: -12, little(UInt64.max)), "ends within its header"),
      (try changed(after: "a.u8", by: -4, [0xFF, 0xFE, 0xFF, 0xFE]), "is no text"),
      (try changed(after: afterQ8, little(UInt32(5))), "5 dimensions"),
      (try changed(after: afterQ8, by: 4, little(UInt64(95))), "does not fill blocks of Q8_0"),
      (try changed(after: afterQ8, by: 4, little(UInt64(1) << 40)), "larger than possible"),
      (try changed(after: afterQ8, by: 12, little(UInt64(1) << 31 - 1)), "cut short"),
      // Nothing in it, of extents whose product is too large before it is nothing.
      (
        try changed(after: "f16", by: 4, [0, 1 << 30, 1 << 30, 1 << 30].flatMap { little(UInt64($0)) }), "does not fill"
      ),
      (try changed(after: afterQ8, by: 20, little(UInt32(16))), "quantised as IQ2_XXS, which is not supported"),
      (try changed(after: afterQ8, by: 20, little(UInt32(500))), "quantised as number 500"),
      (try changed(after: afterQ8, by: 24, little(UInt64.max)), "cut short"),
      (try changed(after: afterQ8, by: 24, little(UInt64(1) << 62)), "cut short"),
      (try changed(after: afterQ8, by: -4, Array("q4_0".utf8)), "two tensors of the name 'q4_0'"),
    ] {
      let sentence = fault(bytes) ?? "opened"
      #expect(sentence.contains(words), "\(sentence)")
    }
  }

  @Test("Lists in lists end somewhere") func nestedLists() {
    func text(_ text: String) -> [UInt8] { little(UInt64(text.utf8.count)) + Array(text.utf8) }
    let lists = (0..<64).flatMap { _ in little(UInt32(9)) + little(UInt64(1)) }
    let file =
      Array("GGUF".utf8) + little(UInt32(3)) + little(UInt64(0)) + little(UInt64(1)) + text("x") + little(UInt32(9))
      + lists
    #expect(fault(file)?.contains("unknown type 9") == true)
  }

  @Test("A shape that is said apart has to be that of the blocks") func originalShape() throws {
    let bytes = Array(try Data(contentsOf: goldens.deletingLastPathComponent().appending(path: "gguf/reshaped.gguf")))
    let key = "comfy.gguf.orig_shape.input_blocks.0.0.weight"
    for (distance, value, words) in [
      (16, little(Int32(63)), "has not the shape [63, 4, 3, 3]"), (16, little(Int32(-1)), "a shape that is none"),
      (4, little(UInt32(6)), "a shape that is none"), (8, little(UInt64(9)), "a shape that is none"),
    ] {
      let sentence = fault(try Self.changed(bytes, after: key, by: distance, value)) ?? "opened"
      #expect(sentence.contains(words), "\(sentence)")
    }
  }
}

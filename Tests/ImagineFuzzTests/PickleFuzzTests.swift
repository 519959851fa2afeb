import Foundation
import Testing

@testable import ImagineCheckpoint

@Suite struct PickleFuzzTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Goldens/checkpoint/pickles", directoryHint: .isDirectory)

  private static let files: [[UInt8]] = [
    "checkpoint.pt", "views.pt", "embedding.pt", "formats.pt", "protocol4.bin", "old.ckpt",
  ]
  .compactMap { try? [UInt8](Data(contentsOf: folder.appending(path: $0))) }

  /// Opens the bytes and reads every tensor in them, whole and from the middle.
  private static func take(_ bytes: [UInt8], _ random: FuzzRandom) throws -> Bool {
    try bytes.withUnsafeBytes { bytes in
      do {
        let file = try TensorContainer.open(MappedFile(permanent: bytes, name: "x.pt"))
        for tensor in file.tensors {
          #expect(tensor.shape.allSatisfy { 0...SafetensorsHeader.maximumExtent ~= $0 }, "\(random)")
          #expect(tensor.name.text.utf8.count <= 1024 && tensor.range.upperBound <= bytes.count, "\(random)")
          // No tensor has more elements than the file has bytes.
          #expect(tensor.elementCount <= bytes.count, "\(random)")
          for elements in [0..<tensor.elementCount, tensor.elementCount / 2..<tensor.elementCount] {
            let count = try file.withBytes(of: tensor, elements) { $0.reduce(into: 0) { count, _ in count += 1 } }
            #expect(count == elements.count * tensor.dataType.bytesPerBlock, "\(random)")
          }
        }
        return true
      } catch let error as CheckpointError {
        Fuzz.expectMessage(error.description, random)
        return false
      }
    }
  }

  private static let pieces: [[UInt8]] = [
    [0x50, 0x4B, 1, 2], [0x50, 0x4B, 3, 4], [0x50, 0x4B, 5, 6], [0x50, 0x4B, 6, 6], [0x50, 0x4B, 6, 7],
    [0xFF, 0xFF, 0xFF, 0xFF], [0xFF, 0xFF], [0, 0, 0, 0], [1, 0, 24, 0], Array("data.pkl".utf8), Array("x/data/0".utf8),
  ]

  @Test("Archives and old files with faults") func files() throws {
    try #require(Self.files.count == 6)
    try Fuzz.run("pickled file") { random in
      var bytes = random.pick(Self.files)
      if random.oneIn(3) {
        bytes = random.broken(bytes, with: Self.pieces)
      } else {
        // In place, so that what lies behind is found: in the pickle, which comes first, or anywhere.
        for _ in 0...random.below(3) {
          let place = random.below(random.oneIn(2) ? min(bytes.count, 700) : bytes.count)
          bytes[place] = random.oneIn(2) ? bytes[place] ^ (1 << UInt8(random.below(8))) : random.pick(Self.bytes)
        }
      }
      return try Self.take(bytes, random)
    }
  }

  /// Every instruction there is, known or not.
  private static let bytes: [UInt8] = Array("(.0125BCFGIJKLMNPQRSTUVXabcdeghijlopqrstu})]".utf8) + Array(0x80...0x98)

  // MARK: Programs

  private static func text(_ text: String) -> [UInt8] { [0x58, UInt8(text.utf8.count), 0, 0, 0] + Array(text.utf8) }

  private static func integer(_ random: inout FuzzRandom) -> [UInt8] {
    switch random.below(8) {
    case 0: [0x4A] + withUnsafeBytes(of: Int32(truncatingIfNeeded: random.next()).littleEndian) { Array($0) }
    case 1: [0x8A, 8] + withUnsafeBytes(of: random.next().littleEndian) { Array($0) }
    default: [0x4B, UInt8(random.below(5))]
    }
  }

  private static func tensor(_ random: inout FuzzRandom) -> [UInt8] {
    let rank = random.below(4)
    func integers() -> [UInt8] { [0x28] + (0..<rank).flatMap { _ in Self.integer(&random) } + [0x74] }
    var bytes: [UInt8] = Array("ctorch._utils\n_rebuild_tensor_v2\n((".utf8) + text("storage")
    bytes += Array("ctorch\n\(random.pick(["Float", "Half", "Byte"]))Storage\n".utf8) + text(random.pick(["0", "1"]))
    bytes += text("cpu") + (random.oneIn(4) ? integer(&random) : [0x4B, 16]) + [0x74, 0x51] + integer(&random)
    bytes += integers() + integers() + [0x89]
    return bytes + Array("ccollections\nOrderedDict\n)RtR".utf8)
  }

  private static let names = [
    "unet.conv_in.weight", "state_dict", "_parameters", "a", "lora_unet_x.lora_up.weight",
    "first_stage_model.quant_conv.weight",
    "taesd_decoder.1.weight", "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight",
  ]

  private static let globals = [
    "ctorch\nSize\n", "ccollections\nOrderedDict\n", "ctorch\nfloat16\n", "cos\nsystem\n", "cnumpy\ndtype\n",
    "ctorch.nn.modules.container\nParameterDict\n", "c__builtin__\nset\n", "ctorch._utils\n_rebuild_parameter\n",
  ]

  private static func value(_ random: inout FuzzRandom, depth: Int) -> [UInt8] {
    switch random.below(depth > 4 ? 5 : 12) {
    case 0: return integer(&random)
    case 1: return text(random.pick(names))
    case 2: return [random.pick([0x4E, 0x88, 0x89, 0x7D, 0x5D, 0x29])]
    case 3, 4: return tensor(&random)
    case 5: return [random.pick([0x68, 0x71]), UInt8(random.below(4))]
    case 6: return value(&random, depth: depth + 1) + [0x71, UInt8(random.below(4))]
    case 7: return [0x28] + (0..<random.below(4)).flatMap { _ in value(&random, depth: depth + 1) } + [0x74]
    case 8:
      return Array(random.pick(globals).utf8) + value(&random, depth: depth + 1) + [
        random.pick([0x85, 0x52, 0x81, 0x62])
      ]
    case 9: return [0x5D, 0x28] + (0..<random.below(4)).flatMap { _ in value(&random, depth: depth + 1) } + [0x65]
    default:
      let members = (0..<random.below(4)).flatMap { _ in text(random.pick(names)) + value(&random, depth: depth + 1) }
      return [0x7D, 0x28] + members + [0x75]
    }
  }

  @Test("Programs of instructions that mean something, in the old form") func programs() throws {
    let head: [UInt8] = [0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]
    try Fuzz.run("pickle") { random in
      var object: [UInt8] = [0x80, 2, 0x7D, 0x71, 0, 0x28]
      for _ in 0...random.below(4) {
        object += Self.text(random.pick(Self.names)) + Self.value(&random, depth: random.oneIn(2) ? 5 : 0)
      }
      object += [0x75, 0x2E]
      if random.oneIn(3) { object = random.broken(object, with: Self.globals.map { Array($0.utf8) }) }
      let keys = random.pick([["0", "1"], ["0"], ["1"], []])
      var bytes =
        head + [0x80, 2, 0x4D, 0xE9, 3, 0x2E, 0x80, 2, 0x7D] + Self.text("little_endian") + [0x88, 0x73, 0x2E]
      bytes += object + [0x80, 2, 0x5D, 0x28] + keys.flatMap(Self.text) + [0x65, 0x2E]
      for _ in keys {
        let size = random.pick([16, 32, 64])
        bytes += withUnsafeBytes(of: Int64(16).littleEndian) { Array($0) } + [UInt8](repeating: 7, count: size)
      }
      _ = try? bytes.withUnsafeBytes { try Checkpoint.open(permanent: $0, name: "x.pt") }
      return try Self.take(bytes, random)
    }
  }
}

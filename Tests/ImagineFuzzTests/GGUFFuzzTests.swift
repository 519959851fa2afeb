import Foundation
import ImagineGraph
import Testing

@testable import ImagineCheckpoint

@Suite struct GGUFFuzzTests {
  private static let files: [[UInt8]] = ["notes", "reshaped"].compactMap { name in
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return try? [UInt8](Data(contentsOf: folder.appending(path: "Goldens/gguf/\(name).gguf")))
  }

  private static let pieces: [[UInt8]] = [
    [0xFF, 0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0], [8, 0, 0, 0],
    [9, 0, 0, 0],
    [0, 0, 0, 0x80], [12, 0, 0, 0], [23, 0, 0, 0], Array("general.alignment".utf8),
    Array("comfy.gguf.orig_shape.".utf8),
  ]

  /// Opens the bytes, reads every tensor as the file has it, and those with a meaning whole and in part.
  private static func take(_ bytes: [UInt8], _ random: FuzzRandom) throws -> Bool {
    try bytes.withUnsafeBytes { bytes in
      do {
        let file = try TensorContainer.open(MappedFile(permanent: bytes, name: "x.gguf"))
        for tensor in file.tensors {
          #expect(tensor.shape.allSatisfy { 0...SafetensorsHeader.maximumExtent ~= $0 }, "\(random)")
          #expect(tensor.name.text.utf8.count <= 1024 && tensor.range.upperBound <= bytes.count, "\(random)")
          #expect(tensor.dataType.byteCount(of: tensor.elementCount) == tensor.range.count, "\(random)")
        }
        let checkpoint = try Checkpoint.open(permanent: bytes, name: "x.gguf")
        for (name, tensor) in checkpoint.tensors.sorted(by: { $0.key < $1.key }) {
          let count = tensor.elementCount
          for (type, elements) in [
            (ElementType.float32, 0..<count), (.float16, count / 3..<count), (.int32, 0..<count / 2),
          ] {
            var values = [UInt8](repeating: 0, count: elements.count * type.size)
            do {
              try values.withUnsafeMutableBytes {
                try checkpoint.read(name, as: type, elements: elements, of: count, into: $0)
              }
            } catch let error as CheckpointError { Fuzz.expectMessage(error.description, random) }
          }
        }
        return true
      } catch let error as CheckpointError {
        Fuzz.expectMessage(error.description, random)
        return false
      }
    }
  }

  @Test("Files with faults: what opens reads, what does not says why") func files() throws {
    try #require(Self.files.count == 2)
    try Fuzz.run("GGUF file") { random in
      var bytes = random.pick(Self.files)
      if random.oneIn(3) {
        bytes = random.broken(bytes, with: Self.pieces)
      } else {
        // In place: in the header, which comes first, or anywhere.
        for _ in 0...random.below(3) {
          let place = random.below(random.oneIn(4) ? bytes.count : min(bytes.count, 1600))
          bytes[place] = random.oneIn(2) ? bytes[place] ^ (1 << UInt8(random.below(8))) : UInt8(random.below(256))
        }
      }
      return try Self.take(bytes, random)
    }
  }
}

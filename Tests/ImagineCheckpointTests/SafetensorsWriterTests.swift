import Foundation
import ImagineCheckpoint
import Testing

@Suite("Writing safetensors files")
struct SafetensorsWriterTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private var url: URL { folder.url.appending(path: "dump.safetensors") }

  @Test func roundTrip() throws {
    try SafetensorsWriter.write(
      [
        .init(name: "b \"quoted\"\n", shape: [2, 2], values: .float32([1, -2, .infinity, 4])),
        .init(name: "a", shape: [], values: .float32([7])),
        .init(name: "tokens", shape: [1, 3], values: .int64([49406, .min, .max])),
        .init(name: "empty", shape: [0, 4], values: .float32([])),
      ], metadata: ["prompt": "a \\ lighthouse\u{1}", "z": "é"], to: url)

    let file = try SafetensorsFile(url)
    #expect(file.metadata == ["prompt": "a \\ lighthouse\u{1}", "z": "é"])
    // By element size, then by name; everything aligned.
    #expect(file.tensors.map(\.name).filter { $0 != "empty" } == ["tokens", "a", "b \"quoted\"\n"])
    #expect(file.tensors.allSatisfy { $0.range.lowerBound % $0.dataType.bytesPerBlock == 0 })
    #expect(file["empty"]?.shape == [0, 4])
    let floats = try file.withBytes(of: "b \"quoted\"\n") { Array($0.bindMemory(to: Float.self)) }
    #expect(floats == [1, -2, .infinity, 4])
    let tokens = try file.withBytes(of: "tokens") { Array($0.bindMemory(to: Int64.self)) }
    #expect(tokens == [49406, .min, .max])
  }

  @Test func replacesAndLeavesNothingBehind() throws {
    for value in [1, 2] as [Float] {
      try SafetensorsWriter.write([.init(name: "x", shape: [1], values: .float32([value]))], to: url)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["dump.safetensors"])
    let values = try SafetensorsFile(url).withBytes(of: "x") { Array($0.bindMemory(to: Float.self)) }
    #expect(values == [2])
  }

  @Test func refusals() throws {
    let one = SafetensorsWriter.Tensor(name: "x", shape: [1], values: .float32([1]))
    #expect(errorCode { try SafetensorsWriter.write([one, one], to: url) } == "cannotWrite")
    for shape in [[2], [-1, -1], [.max, .max]] {
      let wrong = SafetensorsWriter.Tensor(name: "x", shape: shape, values: .float32([1]))
      #expect(errorCode { try SafetensorsWriter.write([wrong], to: url) } == "cannotWrite")
    }
    #expect(
      errorCode { try SafetensorsWriter.write([one], to: folder.url.appending(path: "absent/x.safetensors")) }
        == "cannotWrite")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
  }
}

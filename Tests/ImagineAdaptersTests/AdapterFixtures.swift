import Foundation
import ImagineAdapters
import ImagineCheckpoint
import ImagineGraph

/// A folder for one test, which goes with it.
final class TestFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "adapters-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func file(_ name: String) -> URL { url.appending(path: name) }
}

/// A tensor of a file that a test makes.
struct TestTensor {
  let shape: [Int]
  let values: [Float]

  init(_ shape: [Int], _ values: [Float]) { (self.shape, self.values) = (shape, values) }

  /// Numbers from -0.5 to 0.5 that hang on the name alone.
  init(_ shape: [Int], seed name: String) {
    self.shape = shape
    var state: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    values = (0..<shape.reduce(1, *)).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 24) - 0.5
    }
  }
}

extension AdapterFile {
  /// A file with these tensors.
  static func writing(
    _ tensors: [String: TestTensor], notes: [String: String] = [:], to url: URL
  ) throws -> AdapterFile {
    let list = tensors.map { SafetensorsWriter.Tensor(name: $0, shape: $1.shape, values: .float32($1.values)) }
    try SafetensorsWriter.write(list, metadata: notes, to: url)
    return try AdapterFile(url)
  }
}

/// Weights that a test has in memory.
struct MemoryWeights: WeightSource {
  var tensors: [String: (shape: Shape, values: [Float])]

  var shapes: [String: Shape] { tensors.mapValues(\.shape) }

  func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
    let values = tensors[name]?.values ?? []
    try values.withUnsafeBytes { try StorageFormat.float32.convert($0, to: type, into: destination) }
  }
}

extension WeightSource {
  /// A tensor as 32-bit floats.
  func floats(_ name: String, count: Int) throws -> [Float] {
    var values = [Float](repeating: 0, count: count)
    try values.withUnsafeMutableBytes { try read(name, as: .float32, into: $0) }
    return values
  }
}

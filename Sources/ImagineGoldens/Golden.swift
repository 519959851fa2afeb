package import Foundation
internal import ImagineCheckpoint
package import ImagineGraph

/// Tensors that another program computed, from `Tests/Goldens/`.
///
/// Images are stored [N, C, H, W] and given [N, H, W, C], as the models here have them. Names that begin with `weight.`
/// are weights: the golden is a source of them, by their whole name.
package struct Golden: WeightSource {
  private let file: SafetensorsFile

  /// - Parameter name: path below `Tests/Goldens/`, without extension.
  package init(_ name: String) throws { try self.init(at: Self.url("\(name).safetensors")) }

  /// Tensors that a test has written.
  package init(at url: URL) throws { file = try SafetensorsFile(url) }

  /// A file or folder below `Tests/Goldens/`.
  package static func url(_ path: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Tests/Goldens/\(path)")
  }

  package var metadata: [String: String] { file.metadata }
  package var names: [String] { file.tensors.map(\.name.text) }

  /// Shapes of all tensors as the file has them.
  package var shapes: [String: Shape] {
    Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name.text, Shape($0.shape)) })
  }

  /// The tensor as the file has it, as floats.
  package func floats(_ name: String) throws -> [Float] {
    let count = file[name]?.shape.reduce(1, *) ?? 0
    var values = [Float](repeating: 0, count: count)
    try values.withUnsafeMutableBytes { try read(name, as: .float32, into: $0) }
    return values
  }

  /// The tensor as models here take and give it: four axes as [N, H, W, C], integers as 32-bit ones.
  package func tensor(_ name: String) throws -> HostTensor {
    let shape = Shape(file[name]?.shape ?? [])
    if file[name]?.dataType == .int64 { return HostTensor(shape, try floats(name).map { Int32($0) }) }
    let values = try floats(name)
    guard shape.rank == 4 else { return HostTensor(shape, values) }
    let (images, channels, positions) = (shape[0], shape[1], shape[2] * shape[3])
    var result = [Float](repeating: 0, count: values.count)
    for image in 0..<images {
      for channel in 0..<channels {
        for position in 0..<positions {
          let start = image * channels * positions
          result[start + position * channels + channel] = values[start + channel * positions + position]
        }
      }
    }
    return HostTensor([images, shape[2], shape[3], channels], result)
  }

  package func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
    guard let dataType = file[name]?.dataType else { throw GoldenError(name: name) }
    try file.withBytes(of: name) { try dataType.convert($0, to: type, into: destination) }
  }
}

/// A golden has no tensor of this name.
package struct GoldenError: Error, CustomStringConvertible {
  package let name: String
  package var description: String { "The golden has no tensor '\(name)'; make it anew with its script." }
}

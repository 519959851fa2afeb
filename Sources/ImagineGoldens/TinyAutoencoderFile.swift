package import Foundation
internal import ImagineCheckpoint

/// The decoder of a small autoencoder in TAESD's structure and names, with narrow layers and weights by formula.
package enum TinyAutoencoderFile {
  /// Three times three blocks, each followed by a convolution at twice the size, and one more before the picture.
  package static func write(to url: URL) throws {
    let width = 8
    var shapes = ["1.weight": [width, 4, 3, 3], "1.bias": [width], "19.weight": [3, width, 3, 3], "19.bias": [3]]
    for layer in [3, 4, 5, 8, 9, 10, 13, 14, 15, 18] {
      for part in [0, 2, 4] {
        shapes["\(layer).conv.\(part).weight"] = [width, width, 3, 3]
        shapes["\(layer).conv.\(part).bias"] = [width]
      }
    }
    for layer in [7, 12, 17] { shapes["\(layer).weight"] = [width, width, 3, 3] }
    let tensors = try shapes.map { name, shape in
      SafetensorsWriter.Tensor(
        name: name, shape: shape, values: .float32(try FamilyModel.values(.init(path: "taesd.\(name)", shape: shape))))
    }
    try SafetensorsWriter.write(tensors, to: url)
  }
}

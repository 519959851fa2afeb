import Foundation
import ImagineGraph

/// One operation on small operands as PyTorch computes it; made by Tests/References/ops_goldens.py.
struct GoldenOp: Decodable, CustomStringConvertible, Sendable {
  let name: String
  let operands: [String: StoredTensor]
  let expected: StoredTensor

  var description: String { name }

  /// A shape and the base64 of little-endian binary32 numbers.
  struct StoredTensor: Decodable, Sendable {
    let shape: [Int]
    let floats: Data

    var tensor: HostTensor {
      let values = stride(from: 0, to: floats.count, by: 4).map { start in
        let bits = floats[start..<start + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return Float(bitPattern: bits)
      }
      return HostTensor(Shape(shape), values)
    }
  }

  static func all() throws -> [GoldenOp] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let file = folder.appending(path: "Goldens/ops/ops.json")
    return try JSONDecoder().decode([GoldenOp].self, from: Data(contentsOf: file))
  }
}

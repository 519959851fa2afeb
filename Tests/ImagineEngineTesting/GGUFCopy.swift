package import Foundation
internal import ImagineCheckpoint
internal import ImagineGraph

/// A single-file model written again as stable-diffusion.cpp converts it: matrices whose rows fill blocks of 32 in Q8_0,
/// everything else in 16-bit floats.
package enum GGUFCopy {
  /// - Parameter plain: where to write the numbers that the blocks stand for, as a safetensors file of 16-bit floats.
  package static func write(of file: URL, to url: URL, plain: URL) throws {
    let tensors = try CheckpointTensors(file)
    var infos: [UInt8] = [], data: [UInt8] = [], plainData: [UInt8] = []
    var header: [String: Any] = ["__metadata__": tensors.metadata]
    for (name, element) in tensors.elements.sorted(by: { $0.key < $1.key }) {
      let info = element.info
      var numbers = [Float](repeating: 0, count: info.elementCount)
      try element.file.withBytes(of: info, 0..<info.elementCount) { (bytes: UnsafeRawBufferPointer) in
        try numbers.withUnsafeMutableBytes { try info.dataType.convert(bytes, to: .float32, into: $0) }
      }
      let isQuantised = info.shape.count == 2 && (info.shape.last ?? 1) % 32 == 0
      infos += text(name.text) + little(UInt32(info.shape.count))
      infos += info.shape.reversed().flatMap { little(UInt64($0)) } + little(UInt32(isQuantised ? 8 : 1))
      infos += little(UInt64(data.count))
      let start = plainData.count
      if isQuantised {
        for block in stride(from: 0, to: numbers.count, by: 32).map({ Array(numbers[$0..<$0 + 32]) }) {
          let (bytes, values) = q8(block)
          data += bytes
          plainData += halves(values)
        }
      } else {
        data += halves(numbers)
        plainData += halves(numbers)
      }
      header[name.text] = ["dtype": "F16", "shape": info.shape, "data_offsets": [start, plainData.count]]
      data += [UInt8](repeating: 0, count: (32 - data.count % 32) % 32)
    }
    let notes = tensors.metadata.sorted { $0.key < $1.key }.flatMap {
      text($0.key) + little(UInt32(8)) + text($0.value)
    }
    var bytes = Array("GGUF".utf8) + little(UInt32(3)) + little(UInt64(tensors.elements.count))
    bytes += little(UInt64(tensors.metadata.count)) + notes + infos
    bytes += [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32)
    try Data(bytes + data).write(to: url)
    let json = try JSONSerialization.data(withJSONObject: header)
    try (Data(little(UInt64(json.count))) + json + Data(plainData)).write(to: plain)
  }

  /// A block of 32, and what it stands for: in steps of a power of two, so that 16-bit floats have all of it.
  private static func q8(_ numbers: [Float]) -> (bytes: [UInt8], values: [Float]) {
    let largest = numbers.map(abs).max() ?? 0
    let scale = largest > 0 ? exp2(log2(largest / 127).rounded(.up)) : 1
    let steps = numbers.map { Int8(($0 / scale).rounded()) }
    return (little(HalfFloat.bits(scale)) + steps.map { UInt8(bitPattern: $0) }, steps.map { Float($0) * scale })
  }

  private static func halves(_ numbers: [Float]) -> [UInt8] { numbers.flatMap { little(HalfFloat.bits($0)) } }

  private static func text(_ text: String) -> [UInt8] { little(UInt64(text.utf8.count)) + Array(text.utf8) }

  private static func little<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}

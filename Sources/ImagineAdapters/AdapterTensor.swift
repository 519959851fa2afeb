internal import ImagineCheckpoint
internal import ImagineGraph

/// A tensor of an adapter's file: its shape at hand, its numbers read when they are needed.
package struct AdapterTensor: Sendable {
  package let name: String
  package let shape: [Int]
  private let element: CheckpointTensors.Element

  init(_ name: String, _ element: CheckpointTensors.Element) {
    self.name = name
    shape = element.info.shape
    self.element = element
  }

  var count: Int { element.info.elementCount }

  /// Extents behind those of a number of axes, multiplied.
  func extent(behind axes: Int) -> Int { shape.dropFirst(axes).reduce(1, *) }

  /// The numbers, row by row.
  ///
  /// - Throws: `CheckpointError` if the file was changed meanwhile.
  func floats(_ kernels: MergeKernels) throws -> [Float] {
    let info = element.info
    defer { element.file.release(info, 0..<info.elementCount) }
    return try [Float](unsafeUninitializedCapacity: info.elementCount) { buffer, count in
      try element.file.withBytes(of: info, 0..<info.elementCount) { bytes in
        if let format = info.dataType.elementType?.stored {
          kernels.widen(bytes, format, into: buffer)
        } else {
          try info.dataType.convert(bytes, to: .float32, into: UnsafeMutableRawBufferPointer(buffer))
        }
      }
      count = info.elementCount
    }
  }

  /// The number of a tensor that holds one.
  func number() throws -> Float? { count == 1 ? try floats(.any)[0] : nil }
}

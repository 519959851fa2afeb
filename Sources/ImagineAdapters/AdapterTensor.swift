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

  /// Extents behind those of a number of axes, multiplied; 0 where that is too much, as it can be of a tensor without elements.
  func extent(behind axes: Int) -> Int {
    var extent = 1
    for length in shape.dropFirst(axes) {
      let (product, overflow) = extent.multipliedReportingOverflow(by: length)
      if overflow { return 0 }
      extent = product
    }
    return extent
  }

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

internal import ImagineGraph

/// One tensor of a model under its canonical name, wherever and however a file holds it.
package struct CheckpointTensor: Sendable {
  /// The canonical name, as `unet.conv_in.weight`.
  package let name: String
  /// The name in the file.
  package let source: String
  package let dataType: DataType
  /// Sizes in the canonical layout, slowest first: convolutions [out, in, kh, kw], linear [out, in].
  package let shape: [Int]
  /// Number of elements.
  package let elementCount: Int

  private let element: CheckpointTensors.Element
  private let part: TensorPart
  /// The number that fp8 values are to be multiplied by, where the file has one.
  var scale: CheckpointTensors.Element?

  /// - Throws: `CheckpointError` when the source has not the shape that the part needs.
  init(name: String, part: TensorPart, element: CheckpointTensors.Element) throws(CheckpointError) {
    let info = element.info
    switch part {
    case .whole:
      shape = name.hasPrefix("vae.") ? VAEKeyMap.canonicalShape(info.shape, of: name) : info.shape
      elementCount = info.elementCount
    case .third:
      guard let rows = info.shape.first, rows % 3 == 0 else { throw Self.wrongShape(info, "three times as many rows") }
      shape = [rows / 3] + info.shape.dropFirst()
      elementCount = info.elementCount / 3
    case .transposed:
      guard info.shape.count == 2 else { throw Self.wrongShape(info, "rows and columns") }
      shape = info.shape.reversed()
      elementCount = info.elementCount
    }
    self.name = name
    self.part = part
    self.element = element
    source = info.name
    dataType = info.dataType
  }

  private static func wrongShape(_ info: TensorInfo, _ expected: String) -> CheckpointError {
    CheckpointError(
      .invalidTensor,
      "The tensor \(quoted(info.name)) has the shape \(info.shape) where \(expected) were expected: the file is damaged or "
        + "of a model that is not supported.")
  }

  /// Writes the converted elements into memory for exactly as many of them.
  func read(as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
    let (needed, overflow) = elementCount.multipliedReportingOverflow(by: type.size)
    guard !overflow, destination.count == needed else {
      throw CheckpointError(
        .elementCountMismatch,
        "The tensor \(quoted(source)) has \(elementCount) elements (shape \(shape)), but \(destination.count / type.size) "
          + "were expected: the file is damaged or of a model that is not supported.")
    }
    // Weights are read once, when they are packed; the file should not stay in memory beside them.
    defer { element.file.release(element.info) }
    do {
      try element.file.withBytes(element.info) { bytes in
        switch (part, try scaleFactor()) {
        case (.whole, nil): try dataType.convert(bytes, to: type, into: destination)
        case (.third(let index), nil):
          let length = bytes.count / 3
          let rows = UnsafeRawBufferPointer(rebasing: bytes[index * length..<(index + 1) * length])
          try dataType.convert(rows, to: type, into: destination)
        case (_, let factor): try rearrange(bytes, factor: factor ?? 1, to: type, into: destination)
        }
      }
    } catch let error as UnrepresentableValue {
      throw CheckpointError(
        .unrepresentableValue,
        "Element \(error.index) of the tensor \(quoted(source)) is no 32-bit integer: the file is damaged.")
    }
  }

  /// The slow way through float32, for scaled and transposed tensors.
  private func rearrange(
    _ bytes: UnsafeRawBufferPointer, factor: Float, to type: ElementType,
    into destination: UnsafeMutableRawBufferPointer
  ) throws {
    var values = [Float](repeating: 0, count: element.info.elementCount)
    try values.withUnsafeMutableBytes { try dataType.convert(bytes, to: .float32, into: $0) }
    switch part {
    case .whole: values = values.map { $0 * factor }
    case .third(let index):
      values = values[index * elementCount..<(index + 1) * elementCount].map { $0 * factor }
    case .transposed:
      let (rows, columns) = (shape[0], shape[1])
      // The source is [columns, rows].
      values = (0..<elementCount).map { values[$0 % columns * rows + $0 / columns] * factor }
    }
    try values.withUnsafeBytes { try DataType.float32.convert($0, to: type, into: destination) }
  }

  private func scaleFactor() throws -> Float? {
    guard let scale, scale.info.elementCount == 1 else { return nil }
    var factor: Float = 1
    try scale.file.withBytes(scale.info) { bytes in
      try withUnsafeMutableBytes(of: &factor) { try scale.info.dataType.convert(bytes, to: .float32, into: $0) }
    }
    return factor
  }
}

internal import ImagineGraph

/// One tensor of a model under its canonical name, wherever and however a file holds it.
package struct CheckpointTensor: Sendable {
  /// The canonical name, as `unet.conv_in.weight`.
  package let name: String
  /// The name in the file.
  package let source: String
  package let dataType: StorageFormat
  /// Sizes in the canonical layout, slowest first: convolutions [out, in, kh, kw], linear [out, in].
  package let shape: [Int]
  /// Rows that the file has beyond those of `shape`; see `TokenTable`.
  package let extraRows: Int

  private let file: any TensorFile
  /// Where the canonical tensor lies in the file.
  private let place: TensorInfo
  /// Whether rows and columns are exchanged, of a tensor whose blocks do not let `place` say so.
  private let isTransposed: Bool
  /// The number that fp8 values are to be multiplied by, where the file has one.
  private var scale: CheckpointTensors.Element?

  /// The file that holds it, as it was when it was opened.
  var fileVersion: FileVersion { file.version }

  /// Number of elements.
  package var elementCount: Int { place.elementCount }

  /// - Throws: `CheckpointError` when the source has not the shape that the part needs.
  init(name: String, part: TensorPart, element: CheckpointTensors.Element) throws(CheckpointError) {
    let info = element.info
    var extraRows = 0
    var isTransposed = false
    switch part {
    case .whole:
      extraRows = TokenTable.extraRows(name, info.shape)
      place = extraRows > 0 ? try Self.rows(0..<info.shape[0] - extraRows, of: info) : info
    case .third(let index):
      guard let rows = info.shape.first, rows % 3 == 0 else { throw Self.wrongShape(info, "three times as many rows") }
      place = try Self.rows(index * (rows / 3)..<(index + 1) * (rows / 3), of: info)
    case .half(let index):
      guard let rows = info.shape.first, rows % 2 == 0 else { throw Self.wrongShape(info, "twice as many rows") }
      place = try Self.rows(index * (rows / 2)..<(index + 1) * (rows / 2), of: info)
    case .transposed:
      guard info.shape.count == 2 else { throw Self.wrongShape(info, "rows and columns") }
      isTransposed = info.dataType.blockLength > 1
      place = isTransposed ? info : info.transposed()
    }
    let shape = isTransposed ? place.shape.reversed() : place.shape
    self.isTransposed = isTransposed
    self.shape = name.hasPrefix("vae.") ? VAEKeyMap.canonicalShape(shape, of: name) : shape
    self.name = name
    self.extraRows = extraRows
    file = element.file
    source = info.name.text
    dataType = info.dataType
  }

  /// - Throws: `CheckpointError` if there is a scale for each row, which is not supported.
  mutating func setScale(_ scale: CheckpointTensors.Element) throws(CheckpointError) {
    guard scale.info.elementCount == 1 else {
      throw CheckpointError(
        .invalidTensor,
        "The tensor \(quoted(scale.info.name.text)) holds \(scale.info.elementCount) scales of fp8 values where one is "
          + "supported: use a float16, bfloat16 or float32 version of the file.")
    }
    self.scale = scale
  }

  /// Rows that begin and end between blocks.
  private static func rows(_ rows: Range<Int>, of info: TensorInfo) throws(CheckpointError) -> TensorInfo {
    guard let part = info.rows(rows) else {
      throw wrongShape(info, "rows of whole blocks of \(info.dataType.blockLength)")
    }
    return part
  }

  private static func wrongShape(_ info: TensorInfo, _ expected: String) -> CheckpointError {
    CheckpointError(
      .invalidTensor,
      "The tensor \(quoted(info.name.text)) has the shape \(info.shape) where \(expected) were expected: the file is damaged or "
        + "of a model that is not supported.")
  }

  /// Writes the converted elements into memory for exactly as many of them.
  func read(as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
    try read(0..<elementCount, of: destination.count / type.size, as: type, into: destination)
  }

  /// Whether the file stores whole numbers, with nothing that says what they stand for.
  package var holdsPlainIntegers: Bool { scale == nil && dataType.isInteger }

  /// The format of the elements in the file, where that is one of graphs' and the values are what it says; of 8 bits and
  /// fewer, the 16-bit one that they are kept in.
  var storedType: ElementType? { scale == nil ? dataType.halfType ?? dataType.elementType : nil }

  /// Lends the elements as the file stores them, where it does so in a format of graphs and in the canonical order.
  ///
  /// - Parameter count: of the elements that the tensor is to have.
  /// - Returns: what `body` returns; nil if they have to be read.
  func lend<Result>(
    count: Int, _ body: (ElementType, UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result? {
    guard count == elementCount else { throw wrongCount(count) }
    guard let type = dataType.elementType, place.isContiguous, try scaleFactor() == nil else { return nil }
    return try withStoredBytes(of: 0..<count) { try body(type, $0) }
  }

  private func wrongCount(_ count: Int) -> CheckpointError {
    CheckpointError(
      .elementCountMismatch,
      "The tensor \(quoted(source)) has \(elementCount) elements (shape \(shape)), but \(count) "
        + "were expected: the file is damaged or of a model that is not supported.")
  }

  /// Writes some of the converted elements into memory for exactly as many.
  ///
  /// - Parameter count: of the elements that the whole tensor is to have.
  func read(
    _ elements: Range<Int>, of count: Int, as type: ElementType, into destination: UnsafeMutableRawBufferPointer
  ) throws {
    let (needed, overflow) = elements.count.multipliedReportingOverflow(by: type.size)
    guard count == elementCount, elements.lowerBound >= 0, elements.upperBound <= count, !overflow,
      destination.count == needed
    else { throw wrongCount(count) }
    // Piece by piece, so that neither the file's pages nor intermediate values are in memory for the whole tensor.
    for start in stride(from: elements.lowerBound, to: elements.upperBound, by: Self.pieceLength) {
      let piece = start..<min(start + Self.pieceLength, elements.upperBound)
      let first = (start - elements.lowerBound) * type.size
      try convert(
        piece, to: type,
        into: UnsafeMutableRawBufferPointer(rebasing: destination[first..<first + piece.count * type.size]))
    }
  }

  /// Elements that are converted at once.
  private static let pieceLength = 1 << 20

  private func convert(
    _ elements: Range<Int>, to type: ElementType, into destination: UnsafeMutableRawBufferPointer
  ) throws {
    // Blocks are read whole, also where only part of one is wanted.
    let length = dataType.blockLength
    let whole = elements.lowerBound / length * length..<(elements.upperBound + length - 1) / length * length
    do {
      if scale == nil, !isTransposed, whole == elements {
        return try withStoredBytes(of: elements) { try dataType.convert($0, to: type, into: destination) }
      }
      let values =
        isTransposed
        ? try transposedValues(elements)
        : try values(whole).dropFirst(elements.lowerBound - whole.lowerBound).prefix(elements.count)
      try values.withUnsafeBytes { try StorageFormat.float32.convert($0, to: type, into: destination) }
    } catch let error as UnrepresentableValue {
      throw CheckpointError(
        .unrepresentableValue,
        "Element \(elements.lowerBound + error.index) of the tensor \(quoted(source)) is no 32-bit integer: the file is "
          + "damaged.")
    }
  }

  /// Elements in the order of the file, which fill their blocks, as floats.
  private func values(_ elements: Range<Int>) throws -> [Float] {
    var values = [Float](repeating: 0, count: elements.count)
    try withStoredBytes(of: elements) { bytes in
      try values.withUnsafeMutableBytes { try dataType.convert(bytes, to: .float32, into: $0) }
    }
    if let factor = try scaleFactor() { for index in values.indices { values[index] *= factor } }
    return values
  }

  /// Elements of a tensor that has blocks, and rows where the canonical one has columns: out of all of its values.
  private func transposedValues(_ elements: Range<Int>) throws -> ArraySlice<Float> {
    let all = try values(0..<elementCount)
    return ArraySlice(elements.map { all[$0 % shape[1] * shape[0] + $0 / shape[1]] })
  }

  /// Gives elements as the file stores them, in the canonical order.
  ///
  /// Weights are read once, when they are packed; the file should not stay in memory beside them.
  private func withStoredBytes<Result>(
    of elements: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    defer { file.release(place, elements) }
    return try file.withBytes(of: place, elements, body)
  }

  private func scaleFactor() throws -> Float? {
    guard let scale else { return nil }
    var factor: Float = 1
    try scale.file.withBytes(of: scale.info, 0..<1) { bytes in
      try withUnsafeMutableBytes(of: &factor) { try scale.info.dataType.convert(bytes, to: .float32, into: $0) }
    }
    return factor
  }
}

/// The table of a text encoder's tokens, to which programs append those of textual inversions.
enum TokenTable {
  /// CLIP's own tokens.
  private static let count = 49408

  /// The rows that a tensor of this canonical name has beyond CLIP's vocabulary.
  static func extraRows(_ name: String, _ shape: [Int]) -> Int {
    guard name.hasPrefix("text_encoder"), name.hasSuffix(".embeddings.token_embedding.weight"), shape.count == 2 else {
      return 0
    }
    return max(0, shape[0] - count)
  }
}

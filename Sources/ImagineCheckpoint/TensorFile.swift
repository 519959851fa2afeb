package import Foundation

/// A file of tensors, in whatever container.
///
/// Opening one reads what it says of its tensors and checks all of it, so that giving their bytes needs no further doubt.
package protocol TensorFile: AnyObject, Sendable {
  var url: URL { get }
  /// What the file holds, in the order of its own.
  var tensors: [TensorInfo] { get }
  /// Notes that came with the tensors.
  var metadata: [String: String] { get }
  /// The file as it was when it was opened.
  var version: FileVersion { get }

  /// Gives elements of a tensor of this very file, as they are stored, little-endian, row by row, at any alignment.
  ///
  /// - Parameter elements: ones that fill their blocks.
  /// - Throws: `CheckpointError` also if another program has changed the file, before or while `body` read it.
  func withBytes<Result>(
    of tensor: TensorInfo, _ elements: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result

  /// Says that elements of a tensor of this very file will hardly be read again.
  func release(_ tensor: TensorInfo, _ elements: Range<Int>)
}

/// The tensor files there are, by their first bytes: names lie.
enum TensorContainer {
  /// What PyTorch's files are called.
  private static let pickleExtensions: Set<String> = ["ckpt", "pt", "pth", "bin", "pkl"]

  /// - Throws: `CheckpointError` for a file of another kind, saying which, and for one that breaks a rule of its format.
  static func open(_ file: MappedFile) throws -> any TensorFile {
    if PickleFile.recognises(file.bytes) { return try PickleFile(file) }
    if GGUFHeader.recognises(file.bytes) { return try GGUFFile(file) }
    do {
      return try SafetensorsFile(file)
    } catch let error as CheckpointError
      where error.code == CheckpointError.Code.invalidHeader.rawValue
      && pickleExtensions.contains(
        file.url.pathExtension.lowercased())
    {
      throw CheckpointError(
        .unsupportedFormat,
        "\(quoted(file.url.lastPathComponent)) is neither a file of PyTorch nor a safetensors file: download it again.")
    }
  }
}

extension MappedFile {
  /// What every tensor file does that is mapped as it is; see `TensorFile`.
  func withBytes<Result>(
    of tensor: TensorInfo, _ elements: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    try requireUnchanged()
    let all = UnsafeRawBufferPointer(rebasing: bytes[tensor.range])
    let result: Result
    if let strides = tensor.strides {
      let gathered = UnsafeMutableRawBufferPointer.allocate(
        byteCount: elements.count * tensor.dataType.bytesPerBlock, alignment: 16)
      defer { gathered.deallocate() }
      Self.gather(all, tensor, strides, elements, into: gathered)
      result = try body(UnsafeRawBufferPointer(gathered))
    } else {
      result = try body(UnsafeRawBufferPointer(rebasing: all[tensor.dataType.bytes(of: elements)]))
    }
    try requireUnchanged()
    return result
  }

  func release(_ tensor: TensorInfo, _ elements: Range<Int>) {
    guard tensor.isContiguous else {
      // Any element may lie beside any other: only the last part can tell that none is needed.
      if elements.upperBound == tensor.elementCount { release(tensor.range) }
      return
    }
    let bytes = tensor.dataType.bytes(of: elements)
    release(tensor.range.lowerBound + bytes.lowerBound..<tensor.range.lowerBound + bytes.upperBound)
  }

  /// Copies elements that lie `strides` apart, counting up the place of each as an odometer does.
  private static func gather(
    _ source: UnsafeRawBufferPointer, _ tensor: TensorInfo, _ strides: [Int], _ elements: Range<Int>,
    into destination: UnsafeMutableRawBufferPointer
  ) {
    guard !elements.isEmpty else { return }
    let size = tensor.dataType.bytesPerBlock
    var place = [Int](repeating: 0, count: strides.count)
    var rest = elements.lowerBound
    for axis in strides.indices.reversed() {
      (rest, place[axis]) = rest.quotientAndRemainder(dividingBy: tensor.shape[axis])
    }
    var from = zip(place, strides).reduce(0) { $0 + $1.0 * $1.1 }
    for index in 0..<elements.count {
      UnsafeMutableRawBufferPointer(rebasing: destination[index * size..<(index + 1) * size])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[from * size..<(from + 1) * size]))
      var axis = strides.count - 1
      while axis >= 0 {
        place[axis] += 1
        from += strides[axis]
        guard place[axis] == tensor.shape[axis] else { break }
        from -= place[axis] * strides[axis]
        place[axis] = 0
        axis -= 1
      }
    }
  }
}

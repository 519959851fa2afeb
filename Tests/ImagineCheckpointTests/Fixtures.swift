import Foundation
import ImagineCheckpoint
import ImagineGraph
import Testing

/// A folder that disappears with its test.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(
      path: "imagine-\(UUID().uuidString)", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// Writes a file, with the folders on the way to it.
  @discardableResult
  func file(_ path: String, _ data: Data) throws -> URL {
    let file = url.appending(path: path)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: file)
    return file
  }

  @discardableResult
  func file(_ path: String, _ text: String) throws -> URL { try file(path, Data(text.utf8)) }
}

/// A safetensors file from its parts, none of which need be right.
func safetensors(_ header: String, data count: Int = 0, length: UInt64? = nil) -> Data {
  safetensors(Data(header.utf8), data: Data(count: count), length: length)
}

func safetensors(_ header: Data, data: Data, length: UInt64? = nil) -> Data {
  withUnsafeBytes(of: (length ?? UInt64(header.count)).littleEndian) { Data($0) } + header + data
}

/// A valid file of zeros; with `sparse`, its data takes no room on disk.
@discardableResult
func writeZeros(
  _ shapes: [(name: String, shape: [Int])], _ dataType: StorageFormat = .float16, metadata: String? = nil, to url: URL
) throws -> URL {
  var members = metadata.map { ["\"__metadata__\":\($0)"] } ?? []
  var offset = 0
  for (name, shape) in shapes {
    let end = offset + shape.reduce(1, *) * dataType.bytesPerBlock
    members.append(
      "\"\(name)\":{\"dtype\":\"\(dataType.rawValue)\",\"shape\":\(shape),\"data_offsets\":[\(offset),\(end)]}")
    offset = end
  }
  try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
  let header = safetensors("{\(members.joined(separator: ","))}")
  try header.write(to: url)
  // The rest is a hole in the file.
  let handle = try FileHandle(forWritingTo: url)
  try handle.truncate(atOffset: UInt64(header.count + offset))
  try handle.close()
  return url
}

/// The folder of the goldens of this module.
let goldens = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "Goldens/checkpoint", directoryHint: .isDirectory)

/// A line of a `keys-*.tsv` golden, made by Tests/References/checkpoint_keys.py.
struct KeyPair {
  let component: String
  let original: String
  let diffusers: String
  /// In the original file.
  let shape: [Int]

  var canonical: String { "\(component).\(diffusers)" }

  static func load(_ name: String) throws -> [KeyPair] {
    let text = try String(contentsOf: goldens.appending(path: "keys-\(name).tsv"), encoding: .utf8)
    return try text.split(separator: "\n").map { line in
      let columns = line.split(separator: "\t").map(String.init)
      try #require(columns.count == 4)
      return KeyPair(
        component: columns[0], original: columns[1], diffusers: columns[2],
        shape: columns[3].split(separator: "x").compactMap { Int($0) })
    }
  }
}

extension [KeyPair] {
  var original: [(name: String, shape: [Int])] { map { ($0.original, $0.shape) } }
}

/// The code of the error that `body` throws; nil when it throws none.
func errorCode(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch let error as CheckpointError {
    return error.code
  } catch {
    return "other: \(error)"
  }
}

/// Reads a whole tensor.
func read<Element: BitwiseCopyable>(
  _ checkpoint: Checkpoint, _ name: String, as type: ElementType, of element: Element.Type, count: Int
) throws -> [Element] {
  try [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
    try checkpoint.read(
      name, as: type,
      into: UnsafeMutableRawBufferPointer(
        rebasing: UnsafeMutableRawBufferPointer(buffer)[..<(count * MemoryLayout<Element>.stride)]))
    initialized = count
  }
}

import CShaders
import Foundation
import ImagineGraph

/// How products and attention were measured to be fastest on a device, by what their time depends on.
///
/// Kept in a file beside the compiled kernels, which belongs to one device, driver and set of kernels. A file that cannot be
/// read, or says what no kernel does, counts as none.
struct TuningTable: Hashable, Codable {
  struct Choice: Hashable, Codable {
    let rows: Int, columns: Int, depth: Int, subgroupRows: Int, subgroupColumns: Int, sides: Int
    let parts: Int

    init(_ tile: MatrixTile, parts: Int) {
      (rows, columns, depth, sides) = (tile.rows, tile.columns, tile.depth, tile.sides)
      (subgroupRows, subgroupColumns) = (tile.subgroupRows, tile.subgroupColumns)
      self.parts = parts
    }
  }

  struct AttentionChoice: Hashable, Codable {
    let keys: Int, subgroups: Int, queryUnits: Int
  }

  private var choices: [String: Choice] = [:]
  private var attentionChoices: [String: AttentionChoice] = [:]

  init() {}

  subscript(shape: ProductShape) -> Choice? {
    // Planning asks for every product several times: without choices, no name is made.
    get { choices.isEmpty ? nil : choices[shape.description] }
    set { choices[shape.description] = newValue }
  }

  subscript(shape: AttentionShape) -> AttentionChoice? {
    get { attentionChoices.isEmpty ? nil : attentionChoices[shape.description] }
    set { attentionChoices[shape.description] = newValue }
  }

  /// Bytes beyond which a file is none of ours.
  private static let maximumBytes = 1 << 20

  init?(in folder: URL, for device: VulkanPhysicalDevice) {
    let file = Self.file(in: folder, for: device)
    guard let size = try? file.resourceValues(forKeys: [.fileSizeKey]).fileSize, size <= Self.maximumBytes,
      let data = try? Data(contentsOf: file), let table = try? JSONDecoder().decode(TuningTable.self, from: data)
    else { return nil }
    self = table
  }

  /// - Throws: what Foundation throws if the folder or the file cannot be written.
  func save(in folder: URL, for device: VulkanPhysicalDevice) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    try encoder.encode(self).write(to: Self.file(in: folder, for: device), options: .atomic)
  }

  private static func file(in folder: URL, for device: VulkanPhysicalDevice) -> URL {
    folder.appending(path: "\(device.pipelineIdentity.name)-\(hexadecimal(cs_fingerprint())).products")
  }
}

extension ProductShape: CustomStringConvertible {
  /// All that its time depends on, such as `8192 x 320, depth 1280, bias, residual`.
  var description: String {
    var parts = ["\(rows) x \(columns)", "depth \(depth)"]
    if batch > 1 { parts.append(sharesLeft ? "\(batch) weights" : "\(batch) times") }
    if let pixels {
      let size = "\(pixels.height) x \(pixels.width) x \(pixels.channels)"
      parts.append("\(pixels.kernelHeight) x \(pixels.kernelWidth) of \(size) by \(pixels.stride)")
      if pixels.isUpsampled { parts.append("of \(pixels.upsampledHeight) x \(pixels.upsampledWidth)") }
      if pixels.isDoubled { parts.append("doubled") }
    }
    if !isTransposed { parts.append("rows of columns") }
    if isGated { parts.append("gated") }
    if epilogue.bias { parts.append("bias") }
    if let activation = epilogue.activation { parts.append(activation.rawValue) }
    if epilogue.residual { parts.append("residual") }
    return parts.joined(separator: ", ")
  }
}

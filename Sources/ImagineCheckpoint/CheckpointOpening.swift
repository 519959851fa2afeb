package import Foundation

extension Checkpoint {
  /// Opens what people have: a `.safetensors` file, the index of a sharded one, or a diffusers folder.
  ///
  /// - Throws: `CheckpointError` for anything that cannot be read as weights, with one sentence that says what to do.
  package static func open(_ url: URL) throws -> Checkpoint {
    var isFolder: ObjCBool = false
    let path = url.path(percentEncoded: false)
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw CheckpointError(.fileNotFound, "There is no file or folder \(quoted(path)): check the path.")
    }
    if isFolder.boolValue { return try DiffusersFolder(url).open() }
    switch url.pathExtension.lowercased() {
    case "json" where url.lastPathComponent == "model_index.json":
      return try DiffusersFolder(url.deletingLastPathComponent()).open()
    case "json" where !url.lastPathComponent.contains(".index"):
      throw CheckpointError(
        .unsupportedFormat,
        "\(quoted(url.lastPathComponent)) is a configuration, not weights: name the folder of the model, or its "
          + ".safetensors file.")
    default: return try openSingleFile(url)
    }
  }

  /// Opens a safetensors file that is built into the program.
  ///
  /// - Parameters:
  ///   - bytes: the file, which must stay valid as long as the program runs; nothing is copied.
  ///   - name: what messages call it.
  /// - Throws: `CheckpointError` as for a file.
  package static func open(permanent bytes: UnsafeRawBufferPointer, name: String) throws -> Checkpoint {
    let file = try SafetensorsFile(MappedFile(permanent: bytes, name: name))
    return try open(CheckpointTensors(file), from: file.url)
  }

  private static func openSingleFile(_ url: URL) throws -> Checkpoint {
    let tensors: CheckpointTensors
    do {
      tensors = try CheckpointTensors(url)
    } catch let error as CheckpointError where pickleExtensions.contains(url.pathExtension.lowercased()) {
      // Very old PyTorch files have no signature.
      throw error.code == CheckpointError.Code.unreadableFile.rawValue
        ? error : ForeignFormat.pickled(quoted(url.lastPathComponent))
    }
    return try open(tensors, from: url)
  }

  private static func open(_ tensors: CheckpointTensors, from url: URL) throws -> Checkpoint {
    try Checkpoint(
      url: url, layout: nil, sources: [Source(tensors: tensors, component: nil)],
      configs: embeddedConfigs(tensors.metadata), pipeline: nil)
  }

  static let pickleExtensions: Set<String> = ["ckpt", "pt", "pth", "bin", "pkl"]

  /// The configurations in a file's metadata. Other programs use the same key for other things, which are no error.
  private static func embeddedConfigs(_ metadata: [String: String]) -> [String: JSONValue] {
    guard let text = metadata["config"], let members = try? JSONValue(parsing: text).object else { return [:] }
    return members.filter { $0.value.object != nil }
  }
}

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
    let tensors = CheckpointTensors(file)
    return try Checkpoint(
      url: file.url, layout: nil, sources: [Source(tensors: tensors, component: nil)],
      configs: embeddedConfigs(tensors.metadata), pipeline: nil)
  }

  private static func openSingleFile(_ url: URL) throws -> Checkpoint {
    let tensors: CheckpointTensors
    do {
      tensors = try CheckpointTensors(url)
    } catch let error as CheckpointError where pickleExtensions.contains(url.pathExtension.lowercased()) {
      // Very old PyTorch files have no signature.
      let known = [CheckpointError.Code.unreadableFile, .unsupportedFormat].map(\.rawValue)
      throw known.contains(error.code) ? error : ForeignFormat.pickled(quoted(url.lastPathComponent))
    }
    return try open(tensors, from: url)
  }

  private static func open(_ tensors: CheckpointTensors, from url: URL) throws -> Checkpoint {
    try Checkpoint(
      url: url, layout: nil, sources: [Source(tensors: tensors, component: nil)],
      configs: embeddedConfigs(tensors.metadata).merging(trainingConfig(beside: url)) { $1 }, pipeline: nil)
  }

  static let pickleExtensions: Set<String> = ["ckpt", "pt", "pth", "bin", "pkl"]

  /// The configurations in a file's metadata. Other programs use the same key for other things, which are no error.
  private static func embeddedConfigs(_ metadata: [String: String]) -> [String: JSONValue] {
    guard let text = metadata["config"], let members = try? ConfigurationFile.parse(text, name: "config").object else {
      return [:]
    }
    return Dictionary(
      uniqueKeysWithValues: members.filter { $0.key.isASCII && $0.value.object != nil }.map { ($0.key.text, $0.value) })
  }

  /// The configuration of the training program that many models are offered with: a file of the same name that ends in
  /// `.yaml`, as AUTOMATIC1111 looks for it. Under the name `training`; none for most models.
  ///
  /// - Throws: `CheckpointError` if it is there and cannot be understood.
  private static func trainingConfig(beside url: URL) throws -> [String: JSONValue] {
    let file = url.deletingPathExtension().appendingPathExtension("yaml")
    guard file != url, FileManager.default.fileExists(atPath: file.path(percentEncoded: false)) else { return [:] }
    return ["training": try ConfigurationFile.readYAML(file)]
  }
}

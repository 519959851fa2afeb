package import Foundation

extension Checkpoint {
  /// Opens what people have: a file of weights, the index of a sharded one, a diffusers folder, or a model's folder in the
  /// cache of Hugging Face's programs.
  ///
  /// - Throws: `CheckpointError` for anything that cannot be read as weights, with one sentence that says what to do.
  package static func open(_ url: URL) throws -> Checkpoint { try Checkpoint(Opening(url)) }

  /// Opens a model, some of whose networks come from other files: a file of one network, a whole checkpoint of which only
  /// that network is taken, or a network's folder. Their configurations come with them.
  ///
  /// - Throws: `CheckpointError` also for a file that has no such network.
  package static func open(_ url: URL, parts: [Component: URL]) throws -> Checkpoint {
    var opening = try Opening(url)
    // Each place is opened once, however many networks come from it.
    var opened = [url.standardizedFileURL: opening]
    for (component, url) in parts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      let place = url.standardizedFileURL
      let source = try opened[place] ?? Opening(url)
      opened[place] = source
      opening.replace(component, by: try source.part(component))
    }
    return try Checkpoint(opening)
  }

  /// Opens a file of weights that is built into the program.
  ///
  /// - Parameters:
  ///   - bytes: the file, which must stay valid as long as the program runs; nothing is copied.
  ///   - name: what messages call it.
  /// - Throws: `CheckpointError` as for a file.
  package static func open(permanent bytes: UnsafeRawBufferPointer, name: String) throws -> Checkpoint {
    try Checkpoint(Opening(try TensorContainer.open(MappedFile(permanent: bytes, name: name))))
  }

  /// Says in one line what a file or folder is, model or not, in words that fit after "x.safetensors: ".
  package static func summary(of url: URL) -> String {
    do {
      let checkpoint = try open(url)
      return checkpoint.kind.description + (checkpoint.takesGuidanceAsInput ? " for few steps (LCM)" : "")
    } catch let error as CheckpointError {
      return error.description
    } catch {
      return "it cannot be read (\(error))"
    }
  }
}

/// Files of weights that were found and opened, before what is in them is put together.
struct Opening {
  let url: URL
  /// How they are laid out; nil where names say it.
  let layout: Checkpoint.Layout?
  private(set) var sources: [Checkpoint.Source]
  private(set) var configs: [String: JSONValue]
  /// The class that a diffusers model_index.json or config.json names.
  let pipeline: String?
  /// What the file is, where its container says so and the names in it do not.
  private(set) var kind: CheckpointKind?

  /// What the configuration of a network goes by that is no component of a model.
  static let otherNetwork = "network"

  init(
    url: URL, layout: Checkpoint.Layout?, sources: [Checkpoint.Source], configs: [String: JSONValue], pipeline: String?
  ) {
    self.url = url
    self.layout = layout
    self.sources = sources
    self.configs = configs
    self.pipeline = pipeline
  }

  init(_ url: URL) throws {
    var isFolder: ObjCBool = false
    let path = url.path(percentEncoded: false)
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw CheckpointError(.fileNotFound, "There is no file or folder \(quoted(path)): check the path.")
    }
    if isFolder.boolValue {
      if let snapshot = try HubCache.snapshot(of: url) {
        self = snapshot
      } else {
        self = try DiffusersFolder(url).open()
      }
      return
    }
    switch url.pathExtension.lowercased() {
    case "json" where url.lastPathComponent == "model_index.json":
      self = try DiffusersFolder(url.deletingLastPathComponent()).open()
    case "json" where !url.lastPathComponent.contains(".index"):
      throw CheckpointError(
        .unsupportedFormat,
        "\(quoted(url.lastPathComponent)) is a configuration, not weights: name the folder of the model, or its "
          + ".safetensors file.")
    case "json":
      self.init(tensors: try CheckpointTensors(url), url)
    default:
      self.init(try TensorContainer.open(MappedFile(url)))
      configs.merge(try Self.trainingConfig(beside: url)) { $1 }
    }
  }

  /// A single file.
  init(_ file: any TensorFile) {
    self.init(tensors: CheckpointTensors(file), file.url)
    if let file = file as? GGUFFile { kind = .gguf(architecture: file.architecture) }
  }

  private init(tensors: CheckpointTensors, _ url: URL) {
    self.init(
      url: url, layout: nil, sources: [.init(tensors: tensors)], configs: Self.embeddedConfigs(tensors.metadata),
      pipeline: nil)
  }

  /// Where the UNet comes from, as far as places say it.
  var unetSource: Checkpoint.Source? {
    let possible = sources.filter { $0.taken.contains(.unet) }
    return possible.first { $0.isPart } ?? possible.first { $0.component == .unet } ?? sources.first
  }

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

// MARK: - Networks from elsewhere

extension Opening {
  /// Narrows what was opened to one network.
  ///
  /// - Throws: `CheckpointError` if there is none such.
  func part(_ component: Component) throws -> Opening {
    var part = self
    part.sources = sources.map { source in
      var source = source
      source.taken = [component]
      source.isPart = true
      return source
    }
    let whole = try Checkpoint(self)
    if whole[component] != nil { return part }
    // A text encoder by itself does not say whether it is a model's first or second.
    let others = [Component.textEncoder, .textEncoder2].filter { $0 != component }
    if others.count == 1, let other = others.first, sources.count == 1, whole.parts.map(\.component) == [other] {
      part.sources[0].component = component
      part.configs[component.rawValue] = configs[other.rawValue]
      if try Checkpoint(part)[component] != nil { return part }
    }
    throw CheckpointError(
      .missingNetwork,
      "\(quoted(url.lastPathComponent)) holds no \(component.networkName), it is \(whole.kind.description): name a file or "
        + "folder that has one.")
  }

  /// Puts a network from elsewhere in the place of this model's own.
  mutating func replace(_ component: Component, by part: Opening) {
    for index in sources.indices { sources[index].taken.remove(component) }
    sources += part.sources
    configs[component.rawValue] = part.configs[component.rawValue]
    // How a UNet was trained is said by what it came with, if by anything.
    for key in ["scheduler", "training"] where component == .unet {
      if let config = part.configs[key] { configs[key] = config }
    }
  }
}

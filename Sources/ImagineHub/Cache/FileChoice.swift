internal import Imagine
internal import ImagineCheckpoint
internal import ImagineFiles

/// Which files of a repository a model takes.
struct FileChoice {
  let repository: String
  let files: [RepositoryFile]
  /// Whether pickles will do where there is nothing else.
  let allowsPickle: Bool
  /// Whether weights of full precision are wanted where there are halves.
  let prefersFull: Bool

  /// The files of a path: that file, the only one of that name, or all of a network's folder.
  func files(at path: String) throws -> [RepositoryFile] {
    let exact = files.filter { $0.path.text == path }
    let named = exact.isEmpty ? files.filter { $0.name == path } : exact
    if let file = named.first, named.count == 1 {
      guard allowsPickle || !Self.isPickle(file.name) else { throw pickle([file]) }
      return [file]
    }
    let below = files.filter { $0.folder == path }
    if !below.isEmpty { return try network(below, path) }
    let near = NearestName.of(path, among: files.map(\.path.text)) ?? NearestName.of(path, among: files.map(\.name))
    throw ImagineError(
      .downloadFailed,
      named.isEmpty
        ? "'\(repository)' has no file '\(TerminalText.line(path))'\(near.map { ": is '\($0)' meant?" } ?? ".")"
        : "'\(repository)' has several files '\(TerminalText.line(path))': say one with its folders, as '\(named[0].path.text)'."
    )
  }

  /// The files of the model that the repository is.
  func model() throws -> [RepositoryFile] {
    let root = files.filter { $0.folder.isEmpty }
    if root.contains(where: { $0.name == "model_index.json" }) { return try pipeline(root) }
    if root.contains(where: { $0.name == "config.json" }), !weights(root).isEmpty { return try network(root, "") }
    let loose = loose(files)
    if let only = loose.first, loose.count == 1 { return [only] }
    if !loose.isEmpty { throw several(loose) }
    let pickles = files.filter { Self.isPickle($0.name) }
    guard !pickles.isEmpty else {
      throw ImagineError(.downloadFailed, "'\(repository)' holds no weights in a format that is read here.")
    }
    guard allowsPickle else { throw pickle(pickles) }
    guard pickles.count == 1 else { throw several(pickles) }
    return pickles
  }

  // MARK: Folders

  private static let settingsFolders = ["scheduler", "tokenizer", "tokenizer_2"]

  private func pipeline(_ root: [RepositoryFile]) throws -> [RepositoryFile] {
    guard files.contains(where: { $0.folder == "unet" }) else {
      throw ImagineError(
        .unsupportedModel,
        "'\(repository)' is of a family that this version cannot draw with, it has no UNet: nothing of it is fetched.")
    }
    var chosen = root.filter { $0.name == "model_index.json" }
    for component in Component.allCases.map(\.rawValue) {
      let own = files.filter { $0.folder == component }
      if !own.isEmpty { chosen += try network(own, component) }
    }
    // Small, and other programs want them.
    return chosen
      + files.filter {
        Self.settingsFolders.contains($0.folder) && [".json", ".txt"].contains(where: $0.name.hasSuffix)
      }
  }

  /// The configuration and the weights of one network, of one precision.
  private func network(_ files: [RepositoryFile], _ folder: String) throws -> [RepositoryFile] {
    let settings = files.filter { $0.name == "config.json" }
    let candidates = weights(files)
    let order = prefersFull ? ["", "fp32", "bf16", "fp16"] : ["fp16", "", "bf16", "fp32"]
    for isPickle in allowsPickle ? [false, true] : [false] {
      for variant in order {
        let own = candidates.filter { $0.form.isPickle == isPickle && $0.form.variant == variant }
        let whole = own.filter { $0.form.part == .whole }
        if let file = whole.first { return settings + [file.file] }
        if own.contains(where: { $0.form.part == .index }), own.contains(where: { $0.form.part == .shard }) {
          return settings + own.map(\.file)
        }
      }
    }
    let loose = loose(files)
    if candidates.isEmpty, let only = loose.first, loose.count == 1 { return settings + [only] }
    let pickles = files.filter { Self.isPickle($0.name) }
    if !pickles.isEmpty { throw pickle(pickles) }
    if candidates.isEmpty, loose.count > 1 { throw several(loose) }
    throw ImagineError(
      .downloadFailed,
      "'\(repository)' holds no weights \(folder.isEmpty ? "" : "in '\(TerminalText.line(folder))' ")in a format that is read here."
    )
  }

  /// Files of weights by any name: quantised ones only where there are no others.
  private func loose(_ files: [RepositoryFile]) -> [RepositoryFile] {
    let whole = files.filter { Self.isSafetensors($0.name) }
    return whole.isEmpty ? files.filter { Self.isGGUF($0.name) } : whole
  }

  private func weights(_ files: [RepositoryFile]) -> [(file: RepositoryFile, form: WeightsName)] {
    files.compactMap { file in WeightsName(file.name).map { (file, $0) } }
  }

  // MARK: Messages

  private func several(_ files: [RepositoryFile]) -> ImagineError {
    let names = files.map { "'\(TerminalText.line($0.path.text))'" }
    return ImagineError(
      .invalidRequest,
      "'\(repository)' holds several models: name one of \(names.prefix(12).joined(separator: ", "))"
        + "\(names.count > 12 ? " and \(names.count - 12) more" : "") after a colon, as '\(repository):\(files[0].path.text)'."
    )
  }

  private func pickle(_ files: [RepositoryFile]) -> ImagineError {
    ImagineError(
      .invalidRequest,
      "'\(repository)' has '\(TerminalText.line(files[0].path.text))' as a pickle alone, a format that can hold programs: none is "
        + "run here, but it is fetched only if pickles are allowed.")
  }

  static func isSafetensors(_ name: String) -> Bool { name.lowercased().hasSuffix(".safetensors") }

  static func isGGUF(_ name: String) -> Bool { name.lowercased().hasSuffix(".gguf") }

  static func isPickle(_ name: String) -> Bool {
    let name = name.lowercased()
    return [".ckpt", ".pt", ".pth", ".bin"].contains(where: name.hasSuffix)
  }
}

/// What diffusers and transformers call files of weights: `diffusion_pytorch_model.fp16.safetensors`, with shards and an index of them.
struct WeightsName: Hashable {
  enum Part: Hashable {
    case whole, shard, index
  }

  /// `fp16`; empty for full precision.
  let variant: String
  let isPickle: Bool
  let part: Part

  init?(_ name: String) {
    let bases = ["diffusion_pytorch_model", "pytorch_model", "model"]
    guard let base = bases.first(where: { name.hasPrefix($0 + ".") || name.hasPrefix($0 + "-") }) else { return nil }
    var words = name.dropFirst(base.count).split { $0 == "." || $0 == "-" }.map(String.init)
    let isIndex = words.last == "json" && words.contains("index"), isShard = !isIndex && words.contains("of")
    part = isIndex ? .index : isShard ? .shard : .whole
    guard words.contains("safetensors") || words.contains("bin") else { return nil }
    isPickle = !words.contains("safetensors")
    words.removeAll { word in
      ["safetensors", "bin", "index", "json", "of"].contains(word)
        || isShard && word.utf8.count == 5 && word.allSatisfy(\.isNumber)
    }
    variant = words.joined(separator: ".")
  }
}

internal import Foundation

/// A model in the layout of diffusers: a folder with one folder per network.
struct DiffusersFolder {
  let url: URL
  private let names: Set<String>

  init(_ url: URL) throws {
    self.url = url
    names = try Self.list(url)
  }

  /// Finds and opens the weights of every network, and reads the configurations.
  func open() throws -> Opening {
    var configs: [String: JSONValue] = [:]
    if names.contains("model_index.json") {
      configs["model_index"] = try ConfigurationFile.read(url.appending(path: "model_index.json"))
    }
    let components = Component.allCases.filter { names.contains($0.rawValue) }
    let pipeline = configs["model_index"]?["_class_name"]?.string
    let hasOtherNetwork = names.contains("transformer") && !names.contains("unet")
    guard !components.isEmpty, !hasOtherNetwork else { return try openComponent(pipeline: pipeline) }

    var sources: [Checkpoint.Source] = []
    for component in components {
      let folder = url.appending(path: component.rawValue)
      let files = try Self.list(folder)
      if files.contains("config.json") {
        configs[component.rawValue] = try ConfigurationFile.read(folder.appending(path: "config.json"))
      }
      let weights = try Self.weights(in: folder, files)
      sources.append(.init(tensors: try CheckpointTensors(folder.appending(path: weights)), component: component))
    }
    configs["scheduler"] = try optionalConfiguration("scheduler/scheduler_config.json")
    if let tokenizer = try optionalConfiguration("tokenizer/tokenizer_config.json") {
      configs["tokenizer"] = Self.tokenizer(tokenizer)
    }
    return Opening(url: url, layout: .diffusersFolder, sources: sources, configs: configs, pipeline: pipeline)
  }

  private func optionalConfiguration(_ path: String) throws -> JSONValue? {
    let file = url.appending(path: path)
    guard FileManager.default.fileExists(atPath: file.path(percentEncoded: false)) else { return nil }
    return try ConfigurationFile.read(file)
  }

  /// What of a tokenizer's many settings changes which numbers a prompt becomes. A token is a text, or an object about one.
  private static func tokenizer(_ settings: JSONValue) -> JSONValue {
    var members: [UTF8Name: JSONValue] = [:]
    for key: UTF8Name in ["model_max_length", "do_lower_case", "pad_token"] {
      if let value = settings[key.text] { members[key] = value["content"] ?? value }
    }
    return .object(members)
  }

  /// Opens the folder of a single network, as `vae/` or a ControlNet's folder.
  private func openComponent(pipeline: String?) throws -> Opening {
    if let pipeline {
      // A pipeline of other networks, such as FLUX: named, so that the caller can say what it is.
      return Opening(url: url, layout: .diffusersFolder, sources: [], configs: [:], pipeline: pipeline)
    }
    guard names.contains("config.json") else {
      let file = names.sorted().first { $0.hasSuffix(".safetensors") }
      throw CheckpointError(
        .notAModelFolder,
        "The folder \(quoted(url.lastPathComponent)) is no diffusers model, it has no model_index.json and no unet, vae or "
          + "text_encoder folder: "
          + (file.map { "name a file in it, as \(quoted($0))." } ?? "name a .safetensors file or a model's folder."))
    }
    let config = try ConfigurationFile.read(url.appending(path: "config.json"))
    let className = config["_class_name"]?.string ?? config["architectures"]?.array?.first?.string ?? ""
    let component = Component(className: className)
    let tensors = try CheckpointTensors(url.appending(path: Self.weights(in: url, names)))
    return Opening(
      url: url, layout: .diffusersFolder, sources: [.init(tensors: tensors, component: component)],
      configs: [component?.rawValue ?? Opening.otherNetwork: config], pipeline: className)
  }

  private static func list(_ folder: URL) throws -> Set<String> {
    do {
      return Set(try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)))
    } catch {
      throw CheckpointError(
        .unreadableFile, "The folder \(quoted(folder.lastPathComponent)) cannot be listed: check its permissions.")
    }
  }

  // MARK: Which file

  /// Chooses among the files of a network's folder: full precision first, then the variants that round least.
  private static func weights(in folder: URL, _ files: Set<String>) throws -> String {
    let candidates = files.compactMap(Candidate.init).sorted { ($0.rank, $0.name) < ($1.rank, $1.name) }
    if let best = candidates.first, !best.isPickle { return best.name }
    let name = quoted(folder.lastPathComponent)
    if let shard = files.sorted().first(where: { $0.hasSuffix(".safetensors") && $0.contains("-of-") }) {
      throw CheckpointError(
        .invalidIndex,
        "The folder \(name) has shards such as \(quoted(shard)) but no .safetensors.index.json that joins them: download it."
      )
    }
    let safetensors = files.filter { $0.hasSuffix(".safetensors") }
    if let only = safetensors.first, safetensors.count == 1 { return only }
    if let pickle = candidates.first { return pickle.name }
    throw CheckpointError(
      .missingWeights,
      "The folder \(name) has no weights such as diffusion_pytorch_model.safetensors or model.safetensors: download the "
        + "model again, completely.")
  }

  /// A file name of the pattern `<base>[.<variant>].safetensors` or, for an index, `<base>.safetensors.index[.<variant>].json`
  /// (also `<base>.<variant>.safetensors.index.json`); the same with `.bin`, the pickles of earlier versions, after all others.
  private struct Candidate {
    let name: String
    let isPickle: Bool
    let rank: Int

    init?(_ name: String) {
      guard let base = ["diffusion_pytorch_model.", "model.", "pytorch_model."].first(where: { name.hasPrefix($0) })
      else { return nil }
      var words = name.dropFirst(base.count).split(separator: ".", omittingEmptySubsequences: false)
      guard let place = words.firstIndex(where: { $0 == "safetensors" || $0 == "bin" }) else { return nil }
      isPickle = words[place] == "bin"
      let tail = words[(place + 1)...]
      let isIndex = tail.first == "index" && tail.last == "json"
      guard tail.isEmpty || isIndex, words.count - tail.count <= 2, tail.count <= 3 else { return nil }
      words.removeAll { ["safetensors", "bin", "index", "json"].contains($0) }
      let order = ["", "fp32", "fp16", "bf16"]
      let variant = words.first.map(String.init) ?? ""
      self.name = name
      rank = 2 * (order.firstIndex(of: variant) ?? order.count) + (isIndex ? 1 : 0) + (isPickle ? 100 : 0)
    }
  }
}

package import Foundation

extension Checkpoint {
  /// What there is to open at a place: files of weights and folders that are one model, in subfolders too, by their paths.
  /// A file, or a folder that is a model itself, is the only one.
  ///
  /// - Throws: `CheckpointError` if nothing is there, or a folder cannot be listed.
  package static func places(in url: URL) throws -> [URL] {
    guard let isFolder = isFolder(url) else {
      throw CheckpointError(
        .fileNotFound, "There is no file or folder \(quoted(url.path(percentEncoded: false))): check the path.")
    }
    guard isFolder else { return [url] }
    var seen: Set<String> = []
    return try places(below: url, depth: 0, &seen)
  }

  /// Reads a small YAML file of settings in groups, such as one that says where models are.
  ///
  /// - Throws: `CheckpointError` if it cannot be read or understood.
  package static func settings(in file: URL) throws -> [UTF8Name: JSONValue] {
    try ConfigurationFile.readYAML(file, about: "says where models are").object ?? [:]
  }

  /// Folders of models are seldom in more folders than these.
  private static let deepest = 8

  /// - Parameter seen: folders that were looked into: links may lead back.
  private static func places(below folder: URL, depth: Int, _ seen: inout Set<String>) throws -> [URL] {
    guard depth < deepest, seen.insert(folder.resolvingSymlinksInPath().path(percentEncoded: false)).inserted else {
      return []
    }
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)) else {
      guard depth == 0 else { return [] }
      throw CheckpointError(
        .unreadableFile, "The folder \(quoted(folder.lastPathComponent)) cannot be listed: check its permissions.")
    }
    if isModel(folder, names) { return [folder] }
    let hasIndex = names.contains { $0.hasSuffix(".safetensors.index.json") }
    var found: [URL] = []
    for name in names.sorted() where !name.hasPrefix(".") {
      let url = folder.appending(path: name)
      if isFolder(url) == true {
        found += try places(below: url, depth: depth + 1, &seen)
      } else if isWeights(name), !(hasIndex && name.contains("-of-")) {
        found.append(url)
      }
    }
    return found
  }

  private static func isWeights(_ name: String) -> Bool {
    let endings = ["safetensors", "sft", "ckpt", "pt", "pth", "bin", "gguf"]
    return endings.contains { name.lowercased().hasSuffix(".\($0)") } || name.hasSuffix(".safetensors.index.json")
  }

  /// Whether a folder is one model, of several networks or of one, or its versions in Hugging Face's cache. Programs have
  /// folders for networks of many models, too, under the same names.
  private static func isModel(_ folder: URL, _ names: [String]) -> Bool {
    if names.contains("config.json") { return true }
    if names.contains("snapshots"), folder.lastPathComponent.hasPrefix("models--") { return true }
    return isPipeline(folder, names)
  }

  /// Whether a folder is one model of several networks, each in a folder of its own.
  package static func isPipeline(_ folder: URL, _ names: [String]) -> Bool {
    if names.contains("model_index.json") { return true }
    return (["transformer"] + Component.allCases.map(\.rawValue)).contains { network in
      names.contains(network) && isFolder(folder.appending(path: "\(network)/config.json")) == false
    }
  }

  /// Nil if nothing is there.
  private static func isFolder(_ url: URL) -> Bool? {
    var isFolder: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: url.path(percentEncoded: false), isDirectory: &isFolder)
    return isThere ? isFolder.boolValue : nil
  }
}

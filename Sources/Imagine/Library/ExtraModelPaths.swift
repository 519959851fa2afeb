internal import Foundation
internal import ImagineCheckpoint

/// ComfyUI's `extra_model_paths.yaml`, which says where the models of other programs are.
enum ExtraModelPaths {
  private static let fileName = "extra_model_paths.yaml"

  /// The folders that the file in a program's folder names; none without it.
  ///
  /// - Throws: `ImagineError` for a file that cannot be understood.
  static func places(beside folder: URL) throws -> [ModelLibrary.Folder] {
    let file = folder.appending(path: fileName)
    guard FileManager.default.fileExists(atPath: file.path(percentEncoded: false)) else { return [] }
    let programs = try ImagineError.translating(path: file) { try Checkpoint.settings(in: file) }
    return programs.sorted { $0.key < $1.key }.flatMap { places($0.value, folder) }
  }

  /// One program's paths, each a line of text or several.
  private static func places(_ settings: JSONValue, _ folder: URL) -> [ModelLibrary.Folder] {
    guard let members = settings.object else { return [] }
    let base = settings["base_path"]?.string.map { path($0, below: folder) } ?? folder
    return members.sorted { $0.key < $1.key }.flatMap { key, value -> [ModelLibrary.Folder] in
      guard let kind = ModelKind(folderName: key.text), let text = value.string else { return [] }
      return text.split(separator: "\n").map { line in
        ModelLibrary.Folder(path(line.trimmingCharacters(in: .whitespaces), below: base), kind: kind)
      }
    }
  }

  private static func path(_ text: String, below folder: URL) -> URL {
    let url = URL(path: text, ProcessInfo.processInfo.environment)
    return text.hasPrefix("/") || text.hasPrefix("~/") ? url : folder.appending(path: text)
  }
}

package import Foundation
package import ImagineAdapters
internal import ImagineCheckpoint
internal import ImagineGraph
internal import ImagineModels

/// The adapters that one model was drawn with, bound to it: a file is opened, and its names looked up, once.
package final class ModelAdapters: @unchecked Sendable {  // All state is behind the lock.
  /// Which file it is, and when somebody last wrote to it.
  private struct Key: Hashable {
    let url: URL
    let version: FileVersion
  }

  /// The most that are kept at hand. Their tensors are in the file's mapping and take no memory.
  private static let mostKept = 64

  private let parameters: [String: Shape]
  private let absentLayers: [String: Int]
  private let lock = NSLock()
  private var names: ModuleNames?
  /// The one used last at the end.
  private var bound: [(key: Key, adapter: Adapter)] = []

  init(_ model: DiffusionModel) {
    parameters = model.parameters
    var absent: [String: Int] = [:]
    for text in model.conditioning.texts {
      guard let prefix = model[text.role]?.prefixes.first else { continue }
      absent[String(prefix.prefix { $0 != "." })] = text.absentLayers
    }
    absentLayers = absent
  }

  /// The adapter of a file.
  ///
  /// - Throws: `CheckpointError` and `AdapterError` for a file that is none. Whether it fits the model is for the adapter to
  ///   say.
  package func adapter(at url: URL) throws -> Adapter {
    let url = url.standardizedFileURL
    if let version = FileVersion(at: url), let known = known(Key(url: url, version: version)) { return known }
    let file = try AdapterFile(url), adapter = try Adapter(file, for: moduleNames)
    keep(adapter, Key(url: url, version: file.version))
    return adapter
  }

  private func known(_ key: Key) -> Adapter? {
    lock.withLock {
      guard let index = bound.firstIndex(where: { $0.key == key }) else { return nil }
      let found = bound.remove(at: index)
      bound.append(found)
      return found.adapter
    }
  }

  private func keep(_ adapter: Adapter, _ key: Key) {
    lock.withLock {
      bound.removeAll { $0.key.url == key.url }
      if bound.count == Self.mostKept { bound.removeFirst() }
      bound.append((key, adapter))
    }
  }

  /// Every spelling of the model's modules, made when the first adapter is opened.
  private var moduleNames: ModuleNames {
    lock.withLock {
      if let names { return names }
      let made = ModuleNames(parameters, absentLayers: absentLayers)
      names = made
      return made
    }
  }
}

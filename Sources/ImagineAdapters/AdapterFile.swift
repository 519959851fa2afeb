package import Foundation
package import ImagineCheckpoint
internal import ImagineGraph

/// A file of an adapter: LoRA and its kin, opened but not yet bound to a model.
///
/// `.safetensors` files and pickles of every name are read. Opening looks at every number once, unless only names and shapes
/// are wanted: a file with one that is none would draw nothing but noise.
package struct AdapterFile: Sendable {
  package let url: URL
  /// The file's name without its ending, as prompts name it.
  package let name: String
  /// With its ending, for messages.
  package let fileName: String
  /// The notes in the header, and what the configuration beside a PEFT file says.
  package let notes: AdapterNotes
  /// Tensors by name, in order.
  package let tensors: [AdapterTensor]
  /// The file as it was when it was opened: another opening of the same file is equal.
  package let version: FileVersion

  /// The largest file that is opened: adapters have far less than a model.
  private static let mostTensors = 200_000

  /// - Parameter readsNumbers: false for what is only to be told of, where there are many files.
  /// - Throws: `CheckpointError` for a file that cannot be read as tensors, and `AdapterError` for one that holds none or
  ///   numbers that are no numbers.
  package init(_ url: URL, readsNumbers: Bool = true) throws {
    let file = quoted(url.lastPathComponent)
    if (try? url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) == true {
      throw AdapterError(.invalid, "\(file) is a folder, not a LoRA: name the file in it.")
    }
    let contents = try CheckpointTensors(url)
    guard let first = contents.files.first, !contents.elements.isEmpty else {
      throw AdapterError(.invalid, "\(file) holds no tensors: it is no LoRA, download it again.")
    }
    guard contents.elements.count <= Self.mostTensors else {
      throw AdapterError(.invalid, "\(file) holds \(contents.elements.count) tensors: it is no LoRA.")
    }
    self.url = url
    name = url.deletingPathExtension().lastPathComponent
    fileName = url.lastPathComponent
    version = first.version
    notes = try AdapterNotes(contents.metadata, beside: url)
    tensors = contents.elements.sorted { $0.key < $1.key }.map { AdapterTensor($0.key.text, $0.value) }
    if readsNumbers, let damaged = try Self.notFinite(tensors) {
      throw AdapterError(
        .invalid, "\(file) holds values that are no numbers, in \(quoted(damaged.name)): download it again.")
    }
  }

  /// The first tensor with a value that is no number, looked for on all processors.
  private static func notFinite(_ tensors: [AdapterTensor]) throws -> AdapterTensor? {
    let found = Findings(), kernels = MergeKernels.any
    DispatchQueue.concurrentPerform(iterations: tensors.count) { index in
      guard !found.isDecided(before: index) else { return }
      do {
        let values = try tensors[index].floats(kernels)
        if !kernels.areWithin(values, .greatestFiniteMagnitude) { found.note(index, nil) }
      } catch { found.note(index, error) }
    }
    guard let first = found.first else { return nil }
    if let error = first.error { throw error }
    return tensors[first.index]
  }

  /// What the threads share.
  private final class Findings: @unchecked Sendable {
    private let lock = NSLock()
    private var found: (index: Int, error: (any Error)?)?

    var first: (index: Int, error: (any Error)?)? { lock.withLock { found } }

    func isDecided(before index: Int) -> Bool { lock.withLock { found.map { $0.index < index } ?? false } }

    func note(_ index: Int, _ error: (any Error)?) {
      lock.withLock { if found.map({ index < $0.index }) ?? true { found = (index, error) } }
    }
  }
}

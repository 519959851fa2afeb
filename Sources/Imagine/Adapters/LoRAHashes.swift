internal import Foundation
internal import ImagineAdapters
internal import ImagineCheckpoint
internal import Synchronization

/// The signs by which AUTOMATIC1111 and model sites know LoRAs: the first twelve digits of a SHA-256.
///
/// Trainers note it in the file. Otherwise it is that of a safetensors file's tensors, without the header, so that changed
/// notes leave it alone; of other files, of all of it. It is computed while the first picture is drawn.
final class LoRAHashes: Sendable {
  private let running = Mutex<[FileVersion: ModelHash]>([:])

  static let digits = 12

  /// Begins to compute what is not known.
  func begin(_ file: AdapterFile) {
    guard Self.noted(file) == nil else { return }
    running.withLock { running in
      guard running[file.version] == nil else { return }
      running[file.version] = ModelHash(file.url, Self.part(file.url))
    }
  }

  /// The hash; nil if there is none.
  ///
  /// - Throws: `CancellationError`.
  func hash(of file: AdapterFile) async throws -> String? {
    if let noted = Self.noted(file) { return noted }
    begin(file)
    guard let hash = running.withLock({ $0[file.version] }) else { return nil }
    while hash.isComputing { try await Task.sleep(for: .milliseconds(20)) }
    return hash.known.map { String($0.prefix(Self.digits)) }
  }

  /// The same of a file that nobody draws with; nil also for one that is no LoRA.
  static func hash(of url: URL) async throws -> String? {
    if let file = try? AdapterFile(url), let noted = noted(file) { return noted }
    return try await ModelHash.of(url, part(url)).map { String($0.prefix(digits)) }
  }

  private static func part(_ url: URL) -> ModelHash.Part {
    ["safetensors", "sft"].contains(url.pathExtension.lowercased()) ? .weights : .file
  }

  /// What the trainer has noted.
  private static func noted(_ file: AdapterFile) -> String? {
    guard let note = file.notes["sshs_model_hash"], note.utf8.count >= digits, note.utf8.count <= 64 else { return nil }
    let hash = note.lowercased().prefix(digits)
    return hash.allSatisfy { $0.isASCII && $0.isHexDigit } ? String(hash) : nil
  }

  func stop() {
    running.withLock { running in
      for hash in running.values { hash.stop() }
    }
  }
}

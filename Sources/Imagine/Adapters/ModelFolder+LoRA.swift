public import Foundation
internal import ImagineAdapters

extension ModelFolder {
  /// The LoRA of a name or a hash.
  ///
  /// - Parameters:
  ///   - name: as prompts have it.
  ///   - hash: the first twelve digits of the SHA-256 of its tensors, as AUTOMATIC1111 writes it into pictures; nil if it is
  ///     not known.
  /// - Returns: the file, and whether it has the hash; a file of the name that has it before one of another name, and that
  ///   before one of the name alone. Nil if it is not here.
  /// - Throws: `CancellationError`.
  public func lora(named name: String, hash: String?) async throws -> (file: URL, hasHash: Bool)? {
    let files = try files(endingIn: Self.loraEndings), wanted = Self.bareLoRA(name)
    let named = files.filter { Self.bareLoRA($0.lastPathComponent) == wanted }
    guard let hash, hash.count == LoRAHashes.digits else { return named.first.map { ($0, false) } }
    for file in named where try await Self.loraHash(of: file) == hash.lowercased() { return (file, true) }
    for file in files where !named.contains(file) && Self.maySize(file) {
      if try await Self.loraHash(of: file) == hash.lowercased() { return (file, true) }
    }
    return named.first.map { ($0, false) }
  }

  private static let loraEndings: Set<String> = ["safetensors", "pt", "ckpt", "bin"]

  private static func bareLoRA(_ name: String) -> String {
    let last = name.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? name
    let lower = last.lowercased()
    let ending = loraEndings.first { lower.hasSuffix(".\($0)") }
    return String(lower.dropLast(ending.map { $0.count + 1 } ?? 0))
  }

  /// Files larger than any LoRA are models, whose reading would take long.
  private static func maySize(_ file: URL) -> Bool {
    guard let size = HashedFile(file.path(percentEncoded: false))?.size else { return false }
    return size < 1 << 30
  }

  private static func loraHash(of file: URL) async throws -> String? {
    guard let adapter = try? AdapterFile(file) else { return nil }
    let hashes = LoRAHashes()
    defer { hashes.stop() }
    return try await hashes.hash(of: adapter)
  }
}

public import Foundation

/// A textual inversion: a word that prompts may name, which stands for vectors in a file.
///
/// Read are AUTOMATIC1111's `.pt`, diffusers' and Kohya's files, and those of two text encoders, as Stable Diffusion XL has.
/// In AUTOMATIC1111's language the name alone is the word, in ComfyUI's it is `embedding:name`.
public struct Embedding: Sendable, Hashable {
  public var file: URL
  /// What prompts call it.
  public var name: String

  /// - Parameter name: nil is the file's, without its ending.
  public init(_ file: URL, name: String? = nil) {
    self.file = file
    self.name = name ?? file.deletingPathExtension().lastPathComponent
  }
}

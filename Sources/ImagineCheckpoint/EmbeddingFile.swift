package import Foundation
internal import ImagineGraph

/// A textual inversion: vectors that a word of a prompt stands for (Gal and others 2022).
///
/// Read are AUTOMATIC1111's `.pt` (`string_to_param`), diffusers' and Kohya's files of one tensor (`emb_params`, or the word's
/// own name), and files for Stable Diffusion XL (`clip_l`, `clip_g`).
package struct EmbeddingFile: Sendable {
  /// What one text encoder reads.
  package struct Vectors: Sendable, Hashable {
    package let count: Int
    package let width: Int
    /// [count, width]
    package let values: [Float]
  }

  /// The text encoder that vectors are for.
  package enum Encoder: String, Sendable, Hashable {
    /// Whichever is the only one.
    case only
    /// CLIP ViT-L of a model with two.
    case clipL = "clip_l"
    /// OpenCLIP ViT-bigG.
    case clipG = "clip_g"
  }

  package let vectors: [Encoder: Vectors]

  /// The most vectors: a sequence has no more places.
  package static let mostVectors = 75
  private static let widths = 1...8192

  /// - Throws: `CheckpointError` for a file that is none, or holds what no encoder can read.
  package init(_ url: URL) throws {
    let file = quoted(url.lastPathComponent)
    let elements = try CheckpointTensors(url).elements
    let places = Self.places(Set(elements.keys))
    guard !places.isEmpty else {
      throw CheckpointError(
        .unsupportedFormat,
        "\(file) is no textual inversion: it holds \(elements.count) tensors, none of them a word's vectors.")
    }
    var vectors: [Encoder: Vectors] = [:]
    for (encoder, name) in places {
      guard let element = elements[name] else { continue }
      vectors[encoder] = try Self.vectors(element, file)
    }
    guard Set(vectors.values.map(\.count)).count == 1 else {
      throw CheckpointError(
        .invalidTensor,
        "\(file) holds another number of vectors for one text encoder than for the other: download it again.")
    }
    self.vectors = vectors
  }

  /// How many places of a sequence they take.
  package var count: Int { vectors.values.first?.count ?? 0 }

  /// Which tensors they are; empty for a file of something else.
  private static func places(_ names: Set<UTF8Name>) -> [Encoder: UTF8Name] {
    let both = [Encoder.clipL, .clipG].map { ($0, UTF8Name($0.rawValue)) }.filter { names.contains($0.1) }
    if !both.isEmpty { return Dictionary(uniqueKeysWithValues: both) }
    let single = UTF8Name("emb_params")
    if names.contains(single) { return [.only: single] }
    let learned = names.filter { $0.text.hasPrefix("string_to_param.") }
    if learned.count == 1, let name = learned.first { return [.only: name] }
    // diffusers' has the word itself for a name.
    guard names.count == 1, let name = names.first else { return [:] }
    return [.only: name]
  }

  private static func vectors(_ element: CheckpointTensors.Element, _ file: String) throws -> Vectors {
    let shape = element.info.shape, name = quoted(element.info.name.text)
    guard 1...2 ~= shape.count, let width = shape.last, widths ~= width, !element.info.dataType.isInteger else {
      throw CheckpointError(
        .invalidTensor,
        "\(file) is no textual inversion: its tensor \(name) of the shape \(shape) is no list of vectors.")
    }
    let count = shape.count == 2 ? shape[0] : 1
    guard 1...mostVectors ~= count else {
      throw CheckpointError(
        .invalidTensor,
        "\(file) holds \(count) vectors, and a prompt has room for 1 to \(mostVectors): use another textual inversion.")
    }
    let tensor = try CheckpointTensor(name: element.info.name.text, part: .whole, element: element)
    var values = [Float](repeating: 0, count: count * width)
    try values.withUnsafeMutableBytes { try tensor.read(as: .float32, into: $0) }
    guard values.allSatisfy(\.isFinite) else {
      throw CheckpointError(
        .invalidTensor, "\(file) holds values that are no numbers in the tensor \(name): download it again.")
    }
    return Vectors(count: count, width: width, values: values)
  }
}

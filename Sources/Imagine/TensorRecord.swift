public import Foundation
internal import ImagineCheckpoint
internal import ImagineEngine

/// The tensors that led to a picture, in the shapes and the order of diffusers ([N, C, H, W]), to compare programs.
///
/// Names: `tokens.positive`, `tokens.negative` [1, 77 for each sequence], `tokens_2...` of a second text encoder;
/// `context.positive`, `context.negative` [1, tokens, D]; `pooled.positive`, `pooled.negative` [1, P] of models that take
/// them; `latents.initial` [1, C, h, w]; `noise_pred.0`, `noise_pred.1`, ... after guidance; `latents.final`; `image`
/// [1, 3, H, W] in -1...1.
public struct TensorRecord: Sendable {
  private let recorded: RecordedTensors

  init(_ recorded: RecordedTensors) { self.recorded = recorded }

  /// The names of the tensors, in the order they came about.
  public var names: [String] { recorded.entries.map(\.name) }

  /// A tensor's shape and values, row-major, integers as floats; nil if there is none of this name.
  public subscript(_ name: String) -> (shape: [Int], values: [Float])? {
    guard let entry = recorded.entries.first(where: { $0.name == name }) else { return nil }
    switch entry.values {
    case .float(let floats): return (entry.shape, floats)
    case .int(let integers): return (entry.shape, integers.map(Float.init))
    }
  }

  /// Writes the tensors as one safetensors file, which appears complete or not at all.
  ///
  /// - Throws: `ImagineError` with code `unwritableOutput`.
  public func write(to url: URL) throws {
    let tensors = recorded.entries.map { entry in
      let values: SafetensorsWriter.Values =
        switch entry.values {
        case .float(let floats): .float32(floats)
        case .int(let integers): .int64(integers.map(Int64.init))
        }
      return SafetensorsWriter.Tensor(name: entry.name, shape: entry.shape, values: values)
    }
    try ImagineError.translating(path: url) { try SafetensorsWriter.write(tensors, to: url) }
  }
}

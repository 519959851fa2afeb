public import Foundation
internal import ImagineCheckpoint
internal import Synchronization

/// The tensors that led to a picture, in the shapes and the order of diffusers ([N, C, H, W]), to compare programs.
///
/// Names: `tokens.positive`, `tokens.negative` [1, 77]; `context.positive`, `context.negative` [1, 77, D];
/// `latents.initial` [1, 4, h, w]; `noise_pred.0`, `noise_pred.1`, ... after guidance; `latents.final`;
/// `image` [1, 3, H, W] in -1...1.
public struct TensorRecord: Sendable {
  enum Values: Sendable {
    case float([Float])
    case int([Int32])
  }

  struct Entry: Sendable {
    let name: String, shape: [Int], values: Values
  }

  private(set) var entries: [Entry] = []

  mutating func add(_ name: String, _ shape: [Int], _ values: [Float]) {
    entries.append(Entry(name: name, shape: shape, values: .float(values)))
  }

  mutating func add(_ name: String, _ shape: [Int], _ values: [Int32]) {
    entries.append(Entry(name: name, shape: shape, values: .int(values)))
  }

  /// The names of the tensors, in the order they came about.
  public var names: [String] { entries.map(\.name) }

  /// A tensor's shape and values, row-major, integers as floats; nil if there is none of this name.
  public subscript(_ name: String) -> (shape: [Int], values: [Float])? {
    guard let entry = entries.first(where: { $0.name == name }) else { return nil }
    switch entry.values {
    case .float(let floats): return (entry.shape, floats)
    case .int(let integers): return (entry.shape, integers.map(Float.init))
    }
  }
}

/// A record that the steps of one run write to.
final class TensorRecorder: Sendable {
  private let record = Mutex(TensorRecord())

  func add(_ name: String, _ shape: [Int], _ values: [Float]) {
    record.withLock { $0.add(name, shape, values) }
  }

  func add(_ name: String, _ shape: [Int], _ values: [Int32]) {
    record.withLock { $0.add(name, shape, values) }
  }

  var contents: TensorRecord { record.withLock { $0 } }
}

extension TensorRecord {
  /// Writes the tensors as one safetensors file, which appears complete or not at all.
  ///
  /// - Throws: `ImagineError` with code `unwritableOutput`.
  public func write(to url: URL) throws {
    let tensors = entries.map { entry in
      let values: SafetensorsWriter.Values =
        switch entry.values {
        case .float(let floats): .float32(floats)
        case .int(let integers): .int64(integers.map(Int64.init))
        }
      return SafetensorsWriter.Tensor(name: entry.name, shape: entry.shape, values: values)
    }
    try ImagineError.translating { try SafetensorsWriter.write(tensors, to: url) }
  }
}

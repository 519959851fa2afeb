package import Foundation
package import ImagineGraph

/// Weights that lie in files, under canonical names.
package protocol TensorSource: WeightSource {
  /// What was opened.
  var url: URL { get }
  /// All tensors by canonical name.
  var tensors: [String: CheckpointTensor] { get }
  /// What it means that a tensor is not there, after "the file is ".
  var meaningOfAbsence: String { get }
}

extension TensorSource {
  /// Writes the named tensor, row-major in its canonical layout, converted to `type`, into `destination`.
  ///
  /// - Throws: `CheckpointError` when the tensor is absent, has another number of elements, or holds values that `type`
  ///   cannot.
  package func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
    try tensor(name).read(as: type, into: destination)
  }

  /// The same for some of the elements of a tensor that must have `count`.
  package func read(
    _ name: String, as type: ElementType, elements: Range<Int>, of count: Int,
    into destination: UnsafeMutableRawBufferPointer
  ) throws {
    try tensor(name).read(elements, of: count, as: type, into: destination)
  }

  package func storedType(_ name: String) -> ElementType? { tensors[name]?.storedType }

  package func lend<Result>(
    _ name: String, count: Int, _ body: (ElementType, UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result? { try tensor(name).lend(count: count, body) }

  private func tensor(_ name: String) throws -> CheckpointTensor {
    guard let tensor = tensors[name] else {
      throw CheckpointError(
        .missingTensor,
        "\(quoted(url.lastPathComponent)) has no tensor \(quoted(name)): the file is \(meaningOfAbsence).")
    }
    return tensor
  }
}

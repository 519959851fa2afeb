/// Where a backend reads a graph's weights from, by canonical (diffusers) path.
///
/// Reading converts: a backend asks for the element type it stores, whatever the file holds.
package protocol WeightSource: Sendable {
  /// Writes the named tensor, row-major in its canonical layout (convolutions [out, in, kh, kw], linear [out, in]),
  /// converted to `type`, into `destination`, whose length must be exactly the element count times `type.size`.
  ///
  /// - Throws: when the tensor is absent or has another number of elements.
  func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws

  /// Writes some elements of a tensor that has `count`, in the order of `read(_:as:into:)`, so that a large tensor need
  /// not be in memory whole. `destination` is exactly as long as they are.
  ///
  /// - Throws: when the tensor is absent or has another number of elements.
  func read(
    _ name: String, as type: ElementType, elements: Range<Int>, of count: Int,
    into destination: UnsafeMutableRawBufferPointer) throws

  /// The format that a tensor is stored in, if reading it in that format changes nothing; nil where it has none of
  /// these, or is not known.
  func storedType(_ name: String) -> ElementType?

  /// Lends a tensor of `count` elements, row-major in its canonical layout, as the source has it in memory anyway, so
  /// that converting and packing can be one step.
  ///
  /// - Parameter body: takes the format and the elements, at any alignment; calls may be made from several threads.
  /// - Returns: what `body` returns; nil if the tensor is not in memory in one of these formats and has to be `read`.
  /// - Throws: when the tensor is absent or has another number of elements, and what `body` throws.
  func lend<Result>(
    _ name: String, count: Int, _ body: (ElementType, UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result?
}

extension WeightSource {
  /// For sources that make their tensors.
  package func storedType(_ name: String) -> ElementType? { nil }

  /// For sources that have no tensors in memory.
  package func lend<Result>(
    _ name: String, count: Int, _ body: (ElementType, UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result? { nil }

  /// For sources whose tensors are in memory anyway: through a copy of the whole.
  package func read(
    _ name: String, as type: ElementType, elements: Range<Int>, of count: Int,
    into destination: UnsafeMutableRawBufferPointer
  ) throws {
    let whole = UnsafeMutableRawBufferPointer.allocate(byteCount: count * type.size, alignment: 16)
    defer { whole.deallocate() }
    try read(name, as: type, into: whole)
    destination.copyMemory(
      from: UnsafeRawBufferPointer(rebasing: whole[elements.lowerBound * type.size..<elements.upperBound * type.size]))
  }
}

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
}

extension WeightSource {
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

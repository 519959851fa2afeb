/// Where a backend reads a graph's weights from, by canonical (diffusers) path.
///
/// Reading converts: a backend asks for the element type it stores, whatever the file holds.
package protocol WeightSource: Sendable {
  /// Writes the named tensor, row-major in its canonical layout (convolutions [out, in, kh, kw], linear [out, in]),
  /// converted to `type`, into `destination`, whose length must be exactly the element count times `type.size`.
  ///
  /// - Throws: when the tensor is absent or has another number of elements.
  func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws
}

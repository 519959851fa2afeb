extension Tensor {
  /// The image [N, H, W, C] with more positions before and after it along an axis: those of the opposite end, as if copies of
  /// the image lay side by side (PyTorch's padding mode `circular`). No more than the axis has.
  package func wrapped(axis: Int, before: Int, after: Int) -> Tensor {
    guard before > 0 || after > 0 else { return self }
    guard shape.rank > axis else {
      builder.note(GraphError("\(builder.scope(of: self)): \(shape) has no axis \(axis) to go on along"))
      return self
    }
    let end = before > 0 ? sliced(axis: axis, start: shape[axis] - before, count: before) : nil
    let beginning = after > 0 ? sliced(axis: axis, start: 0, count: after) : nil
    return builder.apply(.concat(axis: axis), [end, self, beginning].compactMap { $0 })
  }

  /// What a convolution is to see of the image where the graph's convolutions wrap, and the zeros that are left for it to pad
  /// with.
  ///
  /// A convolution's own padding is the same on both sides, and wraps. Zeros on one side only are a model's, added before its
  /// convolution, and stay: diffusers and LDM do so in the autoencoder's encoder, where a changed `padding_mode` of all
  /// convolutions, which is how seamless pictures are made there, does not reach them.
  package func wrapped(for convolution: Convolution) -> (image: Tensor, convolution: Convolution) {
    let padding = convolution.padding
    let rows = builder.wrappedAxes.contains(1) && padding.top == padding.bottom ? padding.top : 0
    let columns = builder.wrappedAxes.contains(2) && padding.left == padding.right ? padding.left : 0
    let rest = Convolution.Padding(
      top: padding.top - rows, left: padding.left - columns, bottom: padding.bottom - rows,
      right: padding.right - columns)
    let image = wrapped(axis: 1, before: rows, after: rows).wrapped(axis: 2, before: columns, after: columns)
    return (image, Convolution(stride: convolution.stride, padding: rest, upsampling: convolution.upsampling))
  }
}

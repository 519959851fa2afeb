import ImagineGraph

extension OpCase {
  /// Products for kernels that load vectors of 16 bytes: the last extents are whole vectors in every format, while rows,
  /// columns and depth are no multiple of a tile's, and columns of four not always either.
  ///
  /// Few, as backends run them in many variants.
  package static let tileCases: [OpCase] = [
    linear([1, 130, 24], 131), linear([3, 45, 40], 68, full), linear([1, 9, 264], 33, full),
    gatedLinear([3, 45, 40], 66, bias: false), gatedLinear([1, 35, 72], 5), gatedLinear([1, 9, 264], 36),
    matmul([1, 2, 40, 24], [1, 2, 24, 40], transposeB: false), matmul([2, 35, 40], [2, 40, 136], transposeB: false),
    matmul([1, 33, 72], [1, 72, 16], transposeB: false), matmul([2, 45, 72], [2, 33, 72], transposeB: true),
    convolution([1, 5, 7, 24], 68, same), convolution([2, 9, 11, 8], 35, halving),
    convolution([1, 6, 8, 40], 16, same, full), convolution([1, 6, 8, 16], 20, encoderHalving),
    convolution([1, 5, 7, 8], 12, pointwise, kernel: [1, 1]),
    convolution([1, 5, 6, 8], 12, Convolution(padding: 1, 0, 1, 0), kernel: [3, 1]),
    upsampled([2, 3, 4, 24], [5, 7], 12), upsampled([1, 5, 4, 8], [10, 8], 36, Epilogue(bias: true, residual: true)),
  ].flatMap { $0 }

  private static let full = Epilogue(bias: true, activation: .gelu, residual: true)
}

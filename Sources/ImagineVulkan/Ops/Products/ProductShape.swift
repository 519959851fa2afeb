import ImagineGraph

/// A product of matrices as kernels see it: what linear layers, products of values and convolutions have in common.
///
/// Rows are those of the left matrix, columns those of the right one, which has as many rows as the result has columns
/// (weights are [columns, depth]) unless it is not transposed. A matrix of a convolution's pixels is never stored:
/// `pixels` says where its elements are found.
struct ProductShape: Hashable {
  let rows: Int, columns: Int, depth: Int
  /// Products of that shape side by side.
  let batch: Int
  /// Whether these have one left matrix, and a bias each.
  let sharesLeft: Bool
  let left: ElementType, right: ElementType
  let isTransposed: Bool
  let pixels: PixelRows?
  let epilogue: Epilogue
  /// Whether columns are pairs of a value and its gate, which make one result: the value times the epilogue's
  /// activation of the gate.
  let isGated: Bool

  /// A product of two values without an epilogue.
  init(rows: Int, columns: Int, depth: Int, _ type: ElementType, isTransposed: Bool) {
    (self.rows, self.columns, self.depth, batch) = (rows, columns, depth, 1)
    (left, right, self.isTransposed) = (type, type, isTransposed)
    (pixels, epilogue, isGated, sharesLeft) = (nil, Epilogue(), false, false)
  }

  /// Nil for operations that are no products.
  init?(_ op: Op, _ operands: [TensorType], _ result: TensorType) {
    guard let product = op.definition.product else { return nil }
    let x = operands[0].shape
    sharesLeft = product.weights > 1
    pixels = product.convolution.map { PixelRows($0, x, kernel: operands[1].shape, result.shape) }
    if let pixels {
      rows = x[0] * pixels.resultHeight * pixels.resultWidth
      (depth, batch) = (pixels.taps * pixels.channels, pixels.isDoubled ? 4 : 1)
    } else {
      rows = product.isBatched ? x[x.rank - 2] : result.shape.rows / product.weights
      (depth, batch) = (x.last, product.isBatched ? x.dimensions.dropLast(2).reduce(1, *) : product.weights)
    }
    columns = product.isGated ? 2 * result.shape.last : result.shape.last
    (isTransposed, epilogue, isGated) = (product.isTransposed, product.epilogue, product.isGated)
    (left, right) = (operands[0].elementType, operands[1].elementType)
  }
}

/// The left matrix of a convolution: a row for each pixel of the result, whose elements are the channels of the pixels
/// under the kernel, tap by tap.
struct PixelRows: Hashable {
  let height: Int, width: Int, channels: Int
  /// What the picture is repeated to before all else.
  let upsampledHeight: Int, upsampledWidth: Int
  let resultHeight: Int, resultWidth: Int
  let kernelHeight: Int, kernelWidth: Int
  let stride: Int, top: Int, left: Int
  /// Whether this is one of the four convolutions that make a result of twice the picture's size (`doubled.glsl`).
  let isDoubled: Bool

  /// x [N, H, W, in], kernel [out, in, kh, kw] -> [N, H', W', out].
  init(_ convolution: Convolution, _ x: Shape, kernel: Shape, _ result: Shape) {
    (height, width, channels) = (x[1], x[2], x[3])
    isDoubled = convolution.doubles(x, kernel: kernel)
    if isDoubled {
      (upsampledHeight, upsampledWidth, resultHeight, resultWidth) = (height, width, height, width)
      (kernelHeight, kernelWidth, stride, top, left) = (2, 2, 1, 1, 1)
      return
    }
    (upsampledHeight, upsampledWidth) = (convolution.upsampling?.height ?? x[1], convolution.upsampling?.width ?? x[2])
    (resultHeight, resultWidth) = (result[1], result[2])
    (kernelHeight, kernelWidth) = (kernel[2], kernel[3])
    (stride, top, left) = (convolution.stride, convolution.padding.top, convolution.padding.left)
  }

  var isUpsampled: Bool { (upsampledHeight, upsampledWidth) != (height, width) }
  var taps: Int { kernelHeight * kernelWidth }

  /// Specialisation constants of `doubled.glsl`.
  var doubling: [UInt32: UInt32] { [23: isDoubled ? 1 : 0] }

  /// Push constants of `conv2d` and `conv2d_coopmat`, after those of every product.
  var constants: [Int] {
    [
      height, width, channels, upsampledHeight, upsampledWidth, resultHeight, resultWidth, kernelWidth, stride, top,
      left,
    ]
  }
}

extension Convolution {
  /// Whether this is a 3 x 3 convolution of a picture repeated to twice its size, which four of 2 x 2 make with fewer
  /// products.
  func doubles(_ x: Shape, kernel: Shape) -> Bool {
    guard let upsampling, stride == 1, padding == Padding(1) else { return false }
    return (kernel[2], kernel[3]) == (3, 3) && (upsampling.height, upsampling.width) == (2 * x[1], 2 * x[2])
  }
}

import CKernels
import COneDNNShim

/// oneDNN on this processor.
final class Engine: @unchecked Sendable {
  fileprivate let handle: OpaquePointer

  init() throws {
    var handle: OpaquePointer?
    try check(od_engine_create(&handle), "oneDNN could not be set up")
    self.handle = try created(handle)
  }

  deinit { od_engine_destroy(handle) }

  /// Brings weights from one layout into another.
  func repack(
    _ source: UnsafeRawPointer, from: WeightLayout, into target: UnsafeMutableRawPointer, as to: WeightLayout
  ) throws {
    try check(od_repack(handle, from.handle, source, to.handle, target), "oneDNN could not pack weights")
  }
}

/// How a weight lies in memory for oneDNN.
final class WeightLayout: @unchecked Sendable, Equatable {
  fileprivate let handle: OpaquePointer

  /// Row-major, as in the checkpoint.
  init(plain shape: od_shape) throws {
    var shape = shape, handle: OpaquePointer?
    try check(od_layout_create_plain(&shape, &handle), "oneDNN could not describe weights")
    self.handle = try created(handle)
  }

  fileprivate init(of product: OpaquePointer) throws {
    var handle: OpaquePointer?
    try check(od_product_weights(product, &handle), "oneDNN could not describe weights")
    self.handle = try created(handle)
  }

  deinit { od_layout_destroy(handle) }

  /// Bytes, padding included.
  var byteCount: Int { od_layout_bytes(handle) }

  /// The layout as panels that the kernels of this package can pack, for kernels of `width` taps a row; nil if it is of
  /// another kind.
  func panels(kernelWidth: Int) -> ck_weight_layout? {
    var panels = od_panels()
    guard od_layout_panels(handle, &panels), kernelWidth == 1 || panels.row_stride == kernelWidth * panels.tap_stride
    else { return nil }
    return ck_weight_layout(
      width: panels.width, group: panels.group, block: panels.channels, panel: panels.out_stride,
      stretch: panels.in_stride, tap: kernelWidth == 1 ? panels.row_stride : panels.tap_stride, spans_taps: false)
  }

  static func == (left: WeightLayout, right: WeightLayout) -> Bool { od_layout_equal(left.handle, right.handle) }
}

/// A linear layer or convolution of fixed shape.
final class Product: @unchecked Sendable {
  private let engine: Engine
  private let handle: OpaquePointer
  let weightLayout: WeightLayout

  /// - Parameter weights: the layout the weights are in; nil lets oneDNN choose.
  init(_ engine: Engine, _ shape: od_shape, weights: WeightLayout?) throws {
    var shape = shape, handle: OpaquePointer?
    try check(od_product_create(engine.handle, &shape, weights?.handle, &handle), "oneDNN has no such product")
    self.engine = engine
    self.handle = try created(handle)
    weightLayout = try WeightLayout(of: self.handle)
  }

  deinit { od_product_destroy(handle) }

  /// oneDNN's name of what it will run, such as `jit:avx2`.
  var implementation: String { String(cString: od_product_implementation(handle)) }
  var scratchBytes: Int { od_product_scratch_bytes(handle) }

  func run(
    _ x: UnsafeRawPointer, _ weights: UnsafeRawPointer, bias: UnsafePointer<Float>?, into out: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
  ) throws {
    try check(od_product_run(handle, x, weights, bias, out, scratch), "oneDNN failed to compute a product")
  }
}

private func check(_ status: od_status, _ failure: String) throws {
  switch status {
  case OD_SUCCESS: return
  case OD_OUT_OF_MEMORY: throw CPUBackendError("\(failure): there is not enough memory.")
  case OD_UNSUPPORTED: throw CPUBackendError("\(failure): it does not support the operation on this processor.")
  default: throw CPUBackendError("\(failure).")
  }
}

private func created(_ handle: OpaquePointer?) throws -> OpaquePointer {
  guard let handle else { throw CPUBackendError("oneDNN reported success but made nothing.") }
  return handle
}

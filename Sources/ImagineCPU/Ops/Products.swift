import CKernels
import ImagineGraph

/// What a product by pairs makes of its weight.
enum PairedWeight: Equatable {
  case plain
  /// Values and gates in turn.
  case gated
  /// Sums of what the pixels of an upsampled image meet.
  case upsampled
}

/// A linear layer or convolution to be planned.
struct ProductRequest {
  /// A linear layer is a convolution of one line with a kernel of 1.
  var shape: ck_product_shape
  let epilogue: Epilogue
  let x: Value, weight: Value
  /// The images that together are x, where there are several; x is the first.
  var parts: [Value] = []
  let bias: Value?, residual: Value?
  /// What normalises x as it is read.
  var norm: DeferredNorm?
  let result: Target
  /// Whether the weight may lie in memory as the product likes it best.
  let isPackable: Bool
}

extension PlanBuilder {
  /// x [..., in], weight [out, in] -> [..., out]; gated, the first half of that times gelu of the second.
  func linear(
    _ epilogue: Epilogue, as kind: PairedWeight = .plain, _ operands: [Value], _ result: Target, isPackable: Bool
  ) throws -> Kernel {
    var shape = ck_product_shape(weight: operands[1].shape, kind)
    shape.images = 1
    (shape.height, shape.width) = (1, shape.in == 0 ? result.rows : operands[0].count / shape.in)
    (shape.out_height, shape.out_width) = (1, shape.width)
    return try product(request(shape, epilogue, operands, result, isPackable: isPackable))
  }

  /// x [N, H, W, in], weight [out, in, kh, kw] -> [N, H', W', out].
  func conv2d(
    _ convolution: Convolution, _ epilogue: Epilogue, _ operands: [Value], norm: DeferredNorm?, _ result: Target,
    isPackable: Bool
  ) throws -> Kernel {
    let x = operands[0].shape, parts = Array(operands.prefix(convolution.images))
    let operands = Array(operands.dropFirst(convolution.images - 1))
    var shape = ck_product_shape(weight: operands[1].shape, convolution.upsampling == nil ? .plain : .upsampled)
    (shape.images, shape.height, shape.width) = (x[0], x[1], x[2])
    (shape.out_height, shape.out_width) = (result.shape[1], result.shape[2])
    shape.stride = convolution.stride
    (shape.top, shape.left) = (convolution.padding.top, convolution.padding.left)
    var request = try request(shape, epilogue, [parts[0]] + operands.dropFirst(), result, isPackable: isPackable)
    request.norm = norm
    if parts.count > 1 { request.parts = parts }
    return try product(request)
  }

  private func request(
    _ shape: ck_product_shape, _ epilogue: Epilogue, _ operands: [Value], _ result: Target, isPackable: Bool
  ) throws -> ProductRequest {
    var rest = operands.dropFirst(2)
    let bias = epilogue.bias ? rest.popFirst() : nil
    if let bias, bias.type.elementType != .float32 {
      throw CPUBackendError("The bias is \(bias.type); a bias is float32.")
    }
    return ProductRequest(
      shape: shape, epilogue: epilogue, x: operands[0], weight: operands[1], bias: bias,
      residual: epilogue.residual ? rest.popFirst() : nil, result: result, isPackable: isPackable)
  }

  private func product(_ request: ProductRequest) throws -> Kernel {
    if isForWinograd(request), let kernel = try winogradProduct(request) { return kernel }
    return try kernelProduct(request)
  }

  /// Depends on the weight alone, not on the size of the image: plans of all sizes share a weight in one form.
  private func isForWinograd(_ request: ProductRequest) -> Bool {
    let shape = request.shape
    // Transforming the results pays when they are made of many channels, and the image when many results are made of it; or
    // when these few are multiplied by as many as fill a panel, which takes longest by pairs.
    let isNarrow = shape.out < 32
    guard request.isPackable, ck_winograd_suits(shape), shape.in >= 32,
      !isNarrow || request.x.type.elementType == .bfloat16
    else { return false }
    switch machine.products {
    case .kernels: return false
    case .winograd: return true
    case .automatic:
      return request.x.type.elementType == .float32 || !ck_has_tiles(machine.device)
    }
  }
}

extension ck_product_shape {
  /// A product with a weight [out, in] or [out, in, kh, kw], as far as the weight determines it.
  init(weight: Shape, _ kind: PairedWeight = .plain) {
    self.init()
    (gated, upsampled) = (kind == .gated, kind == .upsampled)
    (out, `in`) = (weight[0], weight[1])
    (kernel_height, kernel_width) = weight.rank == 4 ? (weight[2], weight[3]) : (1, 1)
    stride = 1
  }
}

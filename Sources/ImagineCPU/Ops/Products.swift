import CKernels
import COneDNNShim
import ImagineGraph

extension PlanBuilder {
  /// x [..., in], weight [out, in] -> [..., out].
  func linear(_ epilogue: Epilogue, _ operands: [Value], _ result: Target, packable: Bool) throws -> Kernel {
    let channels = operands[0].shape.last
    var shape = od_shape()
    shape.batch = Int64(channels == 0 ? 0 : operands[0].count / channels)
    shape.in = Int64(channels)
    shape.out = Int64(result.shape.last)
    return try product(shape, epilogue, operands, result, packable: packable)
  }

  /// x [N, H, W, in], weight [out, in, kh, kw] -> [N, H', W', out].
  func conv2d(
    _ convolution: Convolution, _ epilogue: Epilogue, _ operands: [Value], _ result: Target, packable: Bool
  ) throws -> Kernel {
    let x = operands[0].shape, weight = operands[1].shape
    var shape = od_shape()
    shape.is_convolution = true
    (shape.batch, shape.height, shape.width, shape.in) = (Int64(x[0]), Int64(x[1]), Int64(x[2]), Int64(x[3]))
    (shape.out, shape.kernel_height, shape.kernel_width) = (Int64(weight[0]), Int64(weight[2]), Int64(weight[3]))
    (shape.out_height, shape.out_width) = (Int64(result.shape[1]), Int64(result.shape[2]))
    shape.stride = Int64(convolution.stride)
    (shape.top, shape.left) = (Int64(convolution.padding.top), Int64(convolution.padding.left))
    (shape.bottom, shape.right) = (Int64(convolution.padding.bottom), Int64(convolution.padding.right))
    return try product(shape, epilogue, operands, result, packable: packable)
  }

  private func product(
    _ shape: od_shape, _ epilogue: Epilogue, _ operands: [Value], _ result: Target, packable: Bool
  ) throws -> Kernel {
    var rest = operands.dropFirst(2)
    let bias = epilogue.bias ? rest.popFirst() : nil
    if let bias, bias.type.elementType != .float32 {
      throw CPUBackendError("The bias is \(bias.type); a bias is float32.")
    }
    let residual = epilogue.residual ? rest.popFirst() : nil

    let types = [operands[0].type, operands[1].type, result.type].map(\.elementType)
    for type in types { _ = try type.arithmetic }
    let isNative = machine.capabilities.hasNativeBFloat16 && types.allSatisfy { $0 == .bfloat16 }
    let compute: ElementType = isNative ? .bfloat16 : .float32

    var shape = shape
    shape.type = isNative ? OD_BF16 : OD_F32
    shape.bias = epilogue.bias
    shape.activation = epilogue.activation.oneDNN
    // The sum is oneDNN's where it comes right after the product and in the result's own format.
    shape.add_to_result = residual != nil && epilogue.activation == nil && result.type.elementType == compute

    let weight = try packable ? packedWeight(operands[1], shape) : plainWeight(operands[1], shape)
    let kernel = ProductKernel(
      machine: machine, product: weight.product, compute: compute, x: operands[0], weight: operands[1],
      form: weight.form, bias: bias, residual: residual, addsResidualItself: !shape.add_to_result, result: result)
    reserveScratch(kernel.scratch.byteCount)
    return kernel.run
  }

  /// A product on a weight that other operations read too, or that is not a parameter: in its plain layout.
  private func plainWeight(_ weight: Value, _ shape: od_shape) throws -> (product: Product, form: StoredWeight.Form) {
    (try Product(machine.engine, shape, weights: WeightLayout(plain: shape)), .plain)
  }

  /// A product on a parameter of its own, in the layout oneDNN likes best unless another plan's serves as well.
  private func packedWeight(_ value: Value, _ shape: od_shape) throws -> (product: Product, form: StoredWeight.Form) {
    guard case .weight(let weight) = value.location else { return try plainWeight(value, shape) }
    var product = try Product(machine.engine, shape, weights: nil)
    if let layout = weight.layout, layout != product.weightLayout,
      let other = try? Product(machine.engine, shape, weights: layout), other.implementation == product.implementation
    {
      product = other
    }
    let form = StoredWeight.Form.packed(product.weightLayout, plain: try WeightLayout(plain: shape))
    _ = try weight.address(in: form)
    return (product, form)
  }
}

extension Activation? {
  fileprivate var oneDNN: od_activation {
    switch self {
    case nil: OD_IDENTITY
    case .silu: OD_SILU
    case .gelu: OD_GELU
    case .quickGELU: OD_QUICK_GELU
    }
  }
}

/// A product with everything around it: conversions where the formats of the graph are not the one it computes in.
private struct ProductKernel {
  let machine: Machine
  let product: Product
  let compute: ElementType
  let x: Value, weight: Value
  let form: StoredWeight.Form
  let bias: Value?, residual: Value?
  /// Whether the residual is added in a pass of its own.
  let addsResidualItself: Bool
  let result: Target

  /// Offsets of what lies in scratch memory.
  struct Scratch {
    let x: Int, weight: Int, result: Int, product: Int, byteCount: Int
  }

  var scratch: Scratch {
    let xBytes = x.type.elementType == compute ? 0 : 4 * x.count
    let weightBytes = weight.type.elementType == compute ? 0 : 4 * weightCount
    let resultBytes = result.type.elementType == compute ? 0 : 4 * result.count
    let weight = xBytes.aligned, result = weight + weightBytes.aligned, product = result + resultBytes.aligned
    return Scratch(
      x: 0, weight: weight, result: result, product: product, byteCount: product + self.product.scratchBytes)
  }

  /// Elements of the weight in its layout, padding included.
  private var weightCount: Int { product.weightLayout.byteCount / compute.size }

  func run(_ frame: Frame) throws {
    let device = machine.device, scratch = scratch
    let out = result.address(in: frame)
    let target = result.type.elementType == compute ? out : frame.scratch + scratch.result
    let residual = try residual?.address(in: frame)
    if let residual, !addsResidualItself {
      ck_copy_rows(device, residual, 0, out, 0, result.type.byteCount, 1)
    }
    try product.run(
      converted(x.address(in: frame), x.type.elementType, x.count, frame.scratch + scratch.x),
      converted(weightAddress(frame), weight.type.elementType, weightCount, frame.scratch + scratch.weight),
      bias: bias?.floats(in: frame), into: target, scratch: frame.scratch + scratch.product)
    if let residual, addsResidualItself {
      addResidual(residual, to: target, into: out)
    } else if target != out {
      ck_narrow(device, target.floats, out.halves, result.count)
    }
  }

  private func weightAddress(_ frame: Frame) throws -> UnsafeRawPointer {
    switch weight.location {
    case .weight(let stored): try stored.address(in: form)
    case .offset: try weight.address(in: frame)
    }
  }

  /// `source` if it is in the format of the product, else a copy of it in `space` that is.
  private func converted(
    _ source: UnsafeRawPointer, _ type: ElementType, _ count: Int, _ space: UnsafeMutableRawPointer
  ) -> UnsafeRawPointer {
    if type == compute { return source }
    ck_widen(machine.device, source.halves, space.floats, count)
    return UnsafeRawPointer(space)
  }

  private func addResidual(
    _ residual: UnsafeRawPointer, to product: UnsafeMutableRawPointer, into out: UnsafeMutableRawPointer
  ) {
    if product != out {
      ck_add_narrowing(machine.device, product.floats, residual.halves, out.halves, result.count)
    } else {
      var count = result.count, stride = 1
      let type = result.type.elementType == .float32 ? CK_F32 : CK_BF16
      ck_binary(machine.device, CK_ADD, type, product, residual, out, 1, &count, &stride)
    }
  }
}

extension UnsafeRawPointer {
  fileprivate var halves: UnsafePointer<UInt16> { assumingMemoryBound(to: UInt16.self) }
}

extension UnsafeMutableRawPointer {
  fileprivate var floats: UnsafeMutablePointer<Float> { assumingMemoryBound(to: Float.self) }
  fileprivate var halves: UnsafeMutablePointer<UInt16> { assumingMemoryBound(to: UInt16.self) }
}

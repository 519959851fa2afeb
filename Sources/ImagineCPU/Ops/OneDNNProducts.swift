import CKernels
import COneDNNShim
import ImagineGraph

extension PlanBuilder {
  /// A product by oneDNN on operands of one format, with a parameter of its own as weight; where oneDNN has none, by
  /// this package's kernel.
  func oneDNNProduct(_ request: ProductRequest) throws -> Kernel {
    guard case .weight(let weight) = request.weight.location else { return try kernelProduct(request) }
    let device = device, result = request.result
    let type = try result.type.elementType.arithmetic
    let shape = od_shape(request)
    guard let (product, form) = try packed(weight, shape) else { return try kernelProduct(request) }
    reserveScratch(product.scratchBytes)
    return { frame in
      let out = result.address(in: frame)
      let residual = try request.residual?.address(in: frame)
      if let residual, shape.add_to_result { ck_copy_rows(device, residual, 0, out, 0, result.type.byteCount, 1) }
      try product.run(
        request.x.address(in: frame), weight.address(in: form), bias: request.bias?.floats(in: frame), into: out,
        scratch: frame.scratch)
      if let residual, !shape.add_to_result {
        var count = result.count, stride = 1
        ck_binary(device, CK_ADD, type, out, residual, out, 1, &count, &stride)
      }
    }
  }

  /// The product and its weight in the layout oneDNN likes best, unless the one another plan has chosen serves as well.
  private func packed(_ weight: StoredWeight, _ shape: od_shape) throws -> (Product, StoredWeight.Form)? {
    guard var product = try? Product(machine.engine, shape, weights: nil) else { return nil }
    if let layout = weight.layout, layout != product.weightLayout,
      let other = try? Product(machine.engine, shape, weights: layout), other.implementation == product.implementation
    {
      product = other
    }
    let form = StoredWeight.Form.oneDNN(product.weightLayout, plain: try WeightLayout(plain: shape))
    load(weight, in: form)
    return (product, form)
  }
}

extension od_shape {
  fileprivate init(_ request: ProductRequest) {
    self.init()
    let shape = request.shape
    is_convolution = request.isConvolution
    type = request.x.type.elementType == .bfloat16 ? OD_BF16 : OD_F32
    batch = Int64(request.isConvolution ? shape.images : shape.width)
    (`in`, out) = (Int64(shape.in), Int64(shape.out))
    (height, width, out_height, out_width) = (
      Int64(shape.height), Int64(shape.width), Int64(shape.out_height), Int64(shape.out_width)
    )
    (kernel_height, kernel_width, stride) = (
      Int64(shape.kernel_height), Int64(shape.kernel_width), Int64(shape.stride)
    )
    (top, left, bottom, right) = (Int64(shape.top), Int64(shape.left), Int64(request.bottom), Int64(request.right))
    bias = request.bias != nil
    activation =
      switch request.epilogue.activation {
      case nil: OD_IDENTITY
      case .silu: OD_SILU
      case .gelu: OD_GELU
      case .quickGELU: OD_QUICK_GELU
      }
    // oneDNN's fast implementations add only to the bare product; a residual after an activation takes its own pass.
    add_to_result = request.residual != nil && request.epilogue.activation == nil
  }
}

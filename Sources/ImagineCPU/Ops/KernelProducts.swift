import CKernels
import ImagineGraph

extension PlanBuilder {
  /// A product by this package's kernel, whatever the formats of its operands.
  ///
  /// A weight that is no parameter of its own is packed at each run.
  func kernelProduct(_ request: ProductRequest) throws -> Kernel {
    let device = device, x = request.x, weight = request.weight, shape = request.shape, result = request.result
    let weightType = try weight.type.elementType.arithmetic
    var product = ck_product()
    product.shape = shape
    product.x_type = try x.type.elementType.arithmetic
    product.weight_type = weightType
    product.out_type = try result.type.elementType.arithmetic
    product.activation = request.epilogue.activation.kernel
    let template = product

    let packedBytes: Int
    let stored: StoredWeight?
    if request.isPackable, case .weight(let parameter) = weight.location {
      load(parameter, in: .panels)
      (stored, packedBytes) = (parameter, 0)
    } else {
      (stored, packedBytes) = (nil, ck_packed_weight_count(device, shape) * weight.type.elementType.size)
    }
    reserveScratch(packedBytes.aligned + ck_product_scratch_bytes(device))

    return { frame in
      var product = template
      product.x = try x.address(in: frame)
      if let stored {
        product.weights = try stored.address(in: .panels)
      } else {
        let plain = try weight.address(in: frame)
        ck_pack_weights(device, weightType, shape, plain, shape.checkpointStrides, frame.scratch)
        product.weights = UnsafeRawPointer(frame.scratch)
      }
      product.bias = try request.bias?.floats(in: frame)
      product.residual = try request.residual?.address(in: frame)
      product.out = result.address(in: frame)
      ck_multiply(device, &product, frame.scratch + packedBytes.aligned)
    }
  }

  /// a [..., M, K] times b [..., K, N] or the transpose of b [..., N, K] -> [..., M, N], matrix after matrix.
  func matmul(_ a: Value, _ b: Value, transposeB: Bool, _ result: Target) throws -> Kernel {
    let type = try a.type.elementType.arithmetic, size = a.type.elementType.size, device = device
    let rows = a.shape[a.shape.rank - 2], depth = a.shape.last, columns = result.shape.last
    let matrices = a.shape.dimensions.dropLast(2).reduce(1, *)
    var shape = ck_product_shape(weight: [columns, depth])
    (shape.images, shape.height, shape.width) = (1, 1, rows)
    (shape.out_height, shape.out_width) = (1, rows)
    let strides = transposeB ? [depth, 1, 0] : [1, columns, 0]
    let packedBytes = (ck_packed_weight_count(device, shape) * size).aligned
    reserveScratch(packedBytes + ck_product_scratch_bytes(device))

    var template = ck_product()
    template.shape = shape
    (template.x_type, template.weight_type, template.out_type) = (type, type, type)
    let product = template
    return { frame in
      var product = product
      for matrix in 0..<matrices {
        let bMatrix = try b.address(in: frame) + matrix * depth * columns * size
        ck_pack_weights(device, type, shape, bMatrix, strides, frame.scratch)
        product.x = try a.address(in: frame) + matrix * rows * depth * size
        product.weights = UnsafeRawPointer(frame.scratch)
        product.out = result.address(in: frame) + matrix * rows * columns * size
        ck_multiply(device, &product, frame.scratch + packedBytes)
      }
    }
  }
}

import CKernels
import ImagineGraph

extension PlanBuilder {
  /// A product by this package's kernel, whatever the formats of its operands.
  ///
  /// A weight that is no parameter of its own is packed at each run.
  func kernelProduct(_ request: ProductRequest) throws -> Kernel {
    let device = device, weight = request.weight, shape = request.shape
    let weightType = try weight.type.elementType.arithmetic
    var product = try request.kernelProduct
    product.weight_type = weightType.asStored
    product.pairs =
      ck_has_pairs(device) && product.x_type == CK_BF16 && weightType == CK_BF16 && product.out_type == CK_BF16

    let packedBytes: Int
    let stored: (weight: StoredWeight, form: StoredWeight.Form)?
    if request.isPackable, case .weight(let parameter) = weight.location {
      let form = product.pairs ? .pairs(shape.kind) : parameter.panels
      product.weight_type = form.format ?? product.weight_type
      load(parameter, in: form)
      (stored, packedBytes) = ((parameter, form), 0)
    } else {
      (stored, packedBytes) = (nil, device.packedByteCount(shape, weightType, pairs: product.pairs))
    }
    let normBytes = request.norm?.scratchBytes ?? 0, before = normBytes + packedBytes.aligned
    reserveScratch(before + ck_product_scratch_bytes(device, &product))
    let template = product

    return { frame in
      var product = try template.reading(request, in: frame)
      if let stored {
        product.weights = try stored.weight.address(in: stored.form)
      } else {
        let plain = try weight.address(in: frame)
        device.pack(plain, weightType, shape, pairs: product.pairs, into: frame.scratch + normBytes)
        product.weights = UnsafeRawPointer(frame.scratch + normBytes)
      }
      let norm = try request.norm?.norm(of: product, on: device, in: frame)
      try request.withParts(in: frame) { parts in
        product.read(parts)
        withUnsafePointer(to: norm ?? ck_norm()) { pointer in
          product.norm = norm == nil ? nil : pointer
          ck_multiply(device, &product, frame.scratch + before)
        }
      }
    }
  }

  /// A convolution by Winograd's algorithm; nil if its weight is no parameter of its own.
  func winogradProduct(_ request: ProductRequest) throws -> Kernel? {
    guard case .weight(let weight) = request.weight.location else { return nil }
    let device = device, form = weight.panels
    var product = try request.kernelProduct
    product.weight_type = try form.format ?? request.weight.type.elementType.arithmetic.asStored
    let template = product
    load(weight, in: form)
    reserveScratch(ck_winograd_scratch_bytes(device, request.shape))
    return { frame in
      var product = try template.reading(request, in: frame)
      product.weights = try weight.address(in: form)
      try request.withParts(in: frame) { parts in
        product.read(parts)
        ck_winograd(device, &product, frame.scratch)
      }
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
    let pairs = ck_has_pairs(device) && type == CK_BF16
    let packedBytes = device.packedByteCount(shape, type, pairs: pairs).aligned

    var template = ck_product()
    template.shape = shape
    (template.x_type, template.weight_type, template.out_type) = (type, type.asStored, type)
    template.pairs = pairs
    reserveScratch(packedBytes + ck_product_scratch_bytes(device, &template))
    let product = template
    return { frame in
      var product = product
      for matrix in 0..<matrices {
        let bMatrix = try b.address(in: frame) + matrix * depth * columns * size
        device.pack(bMatrix, type, shape, transposed: !transposeB, pairs: pairs, into: frame.scratch)
        product.x = try a.address(in: frame) + matrix * rows * depth * size
        product.weights = UnsafeRawPointer(frame.scratch)
        product.out = result.address(in: frame) + matrix * rows * columns * size
        ck_multiply(device, &product, frame.scratch + packedBytes)
      }
    }
  }
}

extension ck_product_shape {
  fileprivate var kind: PairedWeight { gated ? .gated : upsampled ? .upsampled : .plain }
}

extension ProductRequest {
  /// What a kernel is told, without addresses and without the weight.
  fileprivate var kernelProduct: ck_product {
    get throws {
      var product = ck_product()
      product.shape = shape
      product.x_type = try x.type.elementType.arithmetic
      product.out_type = try result.type.elementType.arithmetic
      product.activation = epilogue.activation.kernel
      return product
    }
  }
}

extension ProductRequest {
  /// Lends the images that together are x: none where it is one.
  fileprivate func withParts(in frame: Frame, _ body: (UnsafeBufferPointer<ck_image_part>) -> Void) throws {
    try parts.map { ck_image_part(x: try $0.address(in: frame), channels: $0.shape.last) }
      .withUnsafeBufferPointer { body($0) }
  }
}

extension ck_product {
  /// Takes its image from several, if there are any.
  fileprivate mutating func read(_ parts: UnsafeBufferPointer<ck_image_part>) {
    guard !parts.isEmpty else { return }
    (self.parts, part_count, x) = (parts.baseAddress, parts.count, nil)
  }

  /// The same with the addresses of all but the weight.
  fileprivate func reading(_ request: ProductRequest, in frame: Frame) throws -> ck_product {
    var product = self
    product.x = try request.x.address(in: frame)
    product.bias = try request.bias?.floats(in: frame)
    product.residual = try request.residual?.address(in: frame)
    product.out = request.result.address(in: frame)
    return product
  }
}

extension ck_device {
  /// Bytes of what is multiplied by, packed for this device's kernels.
  fileprivate func packedByteCount(_ shape: ck_product_shape, _ type: ck_type, pairs: Bool) -> Int {
    pairs ? ck_packed_pair_count(self, shape) * 2 : ck_packed_weight_count(self, shape) * (type == CK_BF16 ? 2 : 4)
  }

  /// Packs what is multiplied by: [out, in, ...], or [in, out] where it is `transposed`.
  fileprivate func pack(
    _ elements: UnsafeRawPointer, _ type: ck_type, _ shape: ck_product_shape, transposed: Bool = false, pairs: Bool,
    into target: UnsafeMutableRawPointer
  ) {
    let plain = ck_plain_weights(type: type.asStored, transposed: transposed, elements: elements)
    if pairs {
      ck_pack_weight_pairs(self, shape, plain, target)
    } else {
      ck_pack_weights(self, shape, plain, type.asStored, target)
    }
  }
}

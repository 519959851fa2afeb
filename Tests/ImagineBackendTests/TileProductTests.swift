import CKernels
import ImagineCPU
import ImagineGraph
import ImagineTesting
import Testing

/// Products in tile registers, in every order they are computed in, against the same products in vectors.
@Suite struct TileProductTests {
  /// A product, and which of the ways of computing it is meant.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var shape: ck_product_shape
    var activation = CK_IDENTITY
    var hasResidual = false

    /// A convolution that keeps the size of an image with a stride of 1.
    init(
      _ description: String, images: Int = 1, _ height: Int, _ width: Int, _ channels: Int, to out: Int,
      kernel: Int = 3, stride: Int = 1, activation: ck_activation = CK_IDENTITY, hasResidual: Bool = false
    ) {
      testDescription = description
      shape = ck_product_shape()
      (shape.images, shape.height, shape.width, shape.in, shape.out) = (images, height, width, channels, out)
      (shape.kernel_height, shape.kernel_width, shape.stride) = (kernel, kernel, stride)
      (shape.out_height, shape.out_width) = ((height + stride - 1) / stride, (width + stride - 1) / stride)
      (shape.top, shape.left) = (stride == 1 ? kernel / 2 : 0, stride == 1 ? kernel / 2 : 0)
      self.activation = activation
      self.hasResidual = hasResidual
    }

    /// The same of an image that is repeated to twice its size first.
    var upsampled: Case {
      var upsampled = self
      upsampled.shape.upsampled = true
      (upsampled.shape.out_height, upsampled.shape.out_width) = (2 * shape.height, 2 * shape.width)
      return upsampled
    }
  }

  static let cases: [Case] = [
    Case("rows in place, threads share them", 1, 1030, 64, to: 70, kernel: 1, hasResidual: true),
    Case("rows in place, few, weights outside", 1, 75, 96, to: 200, kernel: 1, activation: CK_SILU),
    Case("rows in place, a large depth", 1, 500, 1600, to: 40, kernel: 1, activation: CK_QUICK_GELU),
    Case("fewer rows than a tile", 1, 3, 32, to: 33, kernel: 1, activation: CK_GELU),
    Case("channels that fill no step", 1, 40, 37, to: 64, kernel: 1),
    Case("a tile is part of a line", images: 2, 5, 32, 64, to: 48, hasResidual: true),
    Case("lines that end inside a tile", images: 2, 3, 75, 20, to: 31),
    Case("copies for each column of the kernel", images: 2, 8, 8, 64, to: 96, activation: CK_SILU),
    Case("copies of odd lines", images: 3, 7, 5, 33, to: 17, kernel: 5),
    Case("in stretches of the depth", images: 2, 8, 8, 320, to: 170, hasResidual: true),
    Case("in stretches, many rows", images: 1, 20, 16, 576, to: 32),
    Case("a stride", images: 2, 9, 33, 40, to: 50, stride: 2),
    Case("a stride without a kernel", 7, 9, 32, to: 16, kernel: 1, stride: 2),
    Case("an image copied in parts", 600, 512, 4, to: 8, kernel: 1, stride: 2),
    Case("images copied one after the other", images: 3, 260, 512, 3, to: 4, kernel: 1, stride: 2),
  ]

  static let upsampledCases: [Case] = [
    Case("an odd image", images: 2, 3, 5, 40, to: 20, hasResidual: true).upsampled,
    Case("a tile is part of a line", 4, 32, 64, to: 96, activation: CK_SILU).upsampled,
    Case("in stretches of the depth", 8, 16, 352, to: 48).upsampled,
    Case("an image copied in parts", 140, 1024, 4, to: 3).upsampled,
  ]

  private func bits(_ count: Int, _ seed: String, scale: Float = 1) -> [UInt16] {
    Distribution.normal().tensor(TensorType([count], .float32), seed: seed).floats.map { BFloat16.bits($0 * scale) }
  }

  /// The product's result with random operands.
  private func result(_ device: ck_device, _ test: Case, pairs: Bool) throws -> [UInt16] {
    var shape = test.shape, x = bits(shape.images * shape.height * shape.width * shape.in, "x")
    let depth = shape.in * shape.kernel_height * shape.kernel_width
    if shape.upsampled, !pairs {
      var repeated = [UInt16](repeating: 0, count: 4 * x.count)
      ck_upsample_nearest(
        device, x, &repeated, shape.images, shape.height, shape.width, shape.out_height, shape.out_width, 2 * shape.in)
      (x, shape.upsampled, shape.height, shape.width) = (repeated, false, shape.out_height, shape.out_width)
    }
    let weights = bits(shape.out * depth, "weight", scale: 1 / Float(depth).squareRoot())
    let bias = Distribution.normal().tensor(TensorType([shape.out], .float32), seed: "bias").floats
    let count = shape.images * shape.out_height * shape.out_width * shape.out, residual = bits(count, "residual")
    var product = ck_product(), out = [UInt16](repeating: 0xffff, count: count)
    (product.shape, product.x_type, product.out_type, product.weight_type) = (shape, CK_BF16, CK_BF16, CK_STORED_BF16)
    (product.activation, product.pairs) = (test.activation, pairs)
    var packed = [UInt16](
      repeating: 0xffff,
      count: pairs ? ck_packed_pair_count(device, shape) : ck_packed_weight_count(device, shape))
    weights.withUnsafeBytes { elements in
      packed.withUnsafeMutableBytes { target in
        let plain = ck_plain_weights(type: CK_STORED_BF16, transposed: false, elements: elements.baseAddress)
        guard let target = target.baseAddress else { return }
        if pairs {
          ck_pack_weight_pairs(device, shape, plain, target)
        } else {
          ck_pack_weights(device, shape, plain, CK_STORED_BF16, target)
        }
      }
    }
    let scratchBytes = ck_product_scratch_bytes(device, &product)
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: scratchBytes + 64, alignment: 64)
    defer { scratch.deallocate() }
    scratch.initializeMemory(as: UInt8.self, repeating: 0xff)
    x.withUnsafeBytes { x in
      packed.withUnsafeBytes { packed in
        bias.withUnsafeBufferPointer { bias in
          residual.withUnsafeBytes { residual in
            out.withUnsafeMutableBytes { out in
              (product.x, product.weights, product.bias) = (x.baseAddress, packed.baseAddress, bias.baseAddress)
              (product.residual, product.out) = (test.hasResidual ? residual.baseAddress : nil, out.baseAddress)
              ck_multiply(device, &product, scratch.baseAddress)
            }
          }
        }
      }
    }
    // Nothing is written behind what was asked for.
    #expect(scratch[scratchBytes...].allSatisfy { $0 == 0xff })
    return out
  }

  @Test(arguments: InstructionSet.all.filter { $0.withDevice { ck_has_tiles($0) } }, cases)
  func agreesWithVectors(_ set: InstructionSet, _ test: Case) throws {
    let reference = ck_device(kernels: ck_kernels_for(CPUFeatures.available.rawValue), threads: 1, pool: nil)
    let expected = try result(reference, test, pairs: false).map(BFloat16.float)
    let results = try [1, 2, 3, 16].map { threads in
      try set.withDevice(threads: threads) { try result($0, test, pairs: true) }
    }
    for other in results.dropFirst() { #expect(other == results[0]) }
    for (found, expected) in zip(results[0].map(BFloat16.float), expected) {
      // Sums in another order, and activations that are good to a tenth of what rounding makes, may round to the next
      // bfloat16, and no further.
      guard abs(found - expected) > 0x1.01p-7 * abs(expected) + 1e-4 else { continue }
      Issue.record("\(found) instead of \(expected)")
      return
    }
  }

  @Test(arguments: InstructionSet.all.filter { $0.withDevice { ck_has_tiles($0) } }, upsampledCases)
  func ofUpsampledImages(_ set: InstructionSet, _ test: Case) throws {
    let reference = ck_device(kernels: ck_kernels_for(CPUFeatures.available.rawValue), threads: 1, pool: nil)
    let expected = try result(reference, test, pairs: false).map(BFloat16.float)
    let results = try [1, 2, 3].map { threads in
      try set.withDevice(threads: threads) { try result($0, test, pairs: true) }
    }
    for other in results.dropFirst() { #expect(other == results[0]) }
    // Sums of weights are rounded to bfloat16 once more.
    #expect(Comparison(results[0].map(BFloat16.float), expected).relativeL2 < 4e-3)
  }
}

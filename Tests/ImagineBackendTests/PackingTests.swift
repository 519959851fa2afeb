import CKernels
import ImagineGraph
import ImagineTesting
import Testing

@testable import ImagineCPU

/// Packed weights, against where each element belongs by definition.
@Suite struct PackingTests {
  /// out, in, kernel: panels and vectors that are not full, pairs across taps, more taps than are packed at a time.
  private static let shapes = [
    (1, 1, 1, 1), (33, 17, 1, 1), (64, 70, 1, 1), (16, 32, 3, 3), (35, 6, 3, 3), (50, 13, 3, 3), (96, 40, 3, 3),
    (18, 3, 5, 1), (17, 2, 20, 20), (20, 3, 20, 20), (160, 64, 1, 1), (48, 200, 3, 3),
  ].map { out, channels, height, width in
    var shape = ck_product_shape(weight: [out, channels, height, width])
    shape.stride = 1
    return shape
  }
  private static let formats: [ck_stored] = [CK_STORED_F32, CK_STORED_BF16, CK_STORED_F16]
  private static let canary: UInt8 = 0xa5

  /// Random bits, infinities and NaN among them.
  private func stored(_ count: Int, _ format: ck_stored) -> [UInt8] {
    var state: UInt32 = 1
    return (0..<count * (format == CK_STORED_F32 ? 4 : 2)).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(state >> 24)
    }
  }

  /// The bytes of an element as `type`, by the scalar definitions.
  private func element(_ bytes: [UInt8], _ format: ck_stored, _ index: Int, as type: ck_stored) -> [UInt8] {
    let value: Float
    switch format {
    case CK_STORED_F32: value = bytes.withUnsafeBytes { $0.load(fromByteOffset: 4 * index, as: Float.self) }
    default:
      let bits = bytes.withUnsafeBytes { $0.load(fromByteOffset: 2 * index, as: UInt16.self) }
      if format == type { return withUnsafeBytes(of: bits, Array.init) }
      value = format == CK_STORED_F16 ? HalfFloat.float(bits) : BFloat16.float(bits)
    }
    return type == CK_STORED_F32
      ? withUnsafeBytes(of: value.bitPattern, Array.init) : withUnsafeBytes(of: BFloat16.bits(value), Array.init)
  }

  /// What packing should give: zeros, and every element where `place` says.
  private func expected(
    _ shape: ck_product_shape, _ bytes: [UInt8], _ format: ck_stored, _ type: ck_stored, count: Int, transposed: Bool,
    _ place: (_ out: Int, _ channel: Int, _ tap: Int) -> Int
  ) -> [UInt8] {
    let size = type == CK_STORED_F32 ? 4 : 2, taps = shape.kernel_height * shape.kernel_width
    var packed = [UInt8](repeating: 0, count: count * size)
    for out in 0..<shape.out {
      for channel in 0..<shape.in {
        for tap in 0..<taps {
          let source = transposed ? channel * shape.out + out : (out * shape.in + channel) * taps + tap
          let at = place(out, channel, tap) * size
          packed.replaceSubrange(at..<at + size, with: element(bytes, format, source, as: type))
        }
      }
    }
    return packed
  }

  private func packed(
    _ bytes: [UInt8], _ format: ck_stored, _ type: ck_stored, count: Int, transposed: Bool,
    _ pack: (ck_plain_weights, UnsafeMutableRawPointer) -> Void
  ) -> [UInt8] {
    var result = [UInt8](repeating: Self.canary, count: count * (type == CK_STORED_F32 ? 4 : 2))
    bytes.withUnsafeBytes { elements in
      result.withUnsafeMutableBytes { target in
        guard let start = target.baseAddress else { return }
        pack(ck_plain_weights(type: format, transposed: transposed, elements: elements.baseAddress), start)
      }
    }
    return result
  }

  @Test(arguments: InstructionSet.all, formats)
  func panels(_ set: InstructionSet, _ type: ck_stored) {
    for threads: UInt32 in [1, 3] {
      set.withDevice(threads: threads) { device in
        var one = ck_product_shape(weight: [1, 1])
        one.stride = 1
        let width = ck_packed_weight_count(device, one)
        for shape in Self.shapes {
          for format in Self.formats where type != CK_STORED_F16 || format == type {
            let depth = shape.in * shape.kernel_height * shape.kernel_width
            let count = ck_packed_weight_count(device, shape)
            let bytes = stored(shape.out * depth, format)
            for transposed in depth == shape.in ? [false, true] : [false] {
              let found = packed(bytes, format, type, count: count, transposed: transposed) { plain, target in
                #expect(ck_pack_weights(device, shape, plain, type, target))
              }
              let right = expected(shape, bytes, format, type, count: count, transposed: transposed) {
                $0 / width * width * depth + ($2 * shape.in + $1) * width + $0 % width
              }
              #expect(found == right, "\(shape), \(format)")
            }
          }
        }
      }
    }
  }

  @Test(arguments: InstructionSet.all)
  func pairs(_ set: InstructionSet) {
    set.withDevice(threads: 2) { device in
      guard ck_has_pairs(device) else { return }
      let inTiles = ck_has_tiles(device)
      // Neighbours along the depth that lie side by side.
      let group = set.features & UInt32(CK_ARM_BF16) != 0 ? 4 : 2
      let gated = Self.shapes.filter { $0.out % 2 == 0 }.map { shape in
        var shape = shape
        shape.gated = true
        return shape
      }
      for shape in Self.shapes + (inTiles ? gated : []) {
        for format in Self.formats {
          let taps = shape.kernel_height * shape.kernel_width, depth = shape.in * taps
          let channels = (shape.in + 31) / 32 * 32, padded = inTiles ? channels * taps : (depth + 31) / 32 * 32
          let bytes = stored(shape.out * depth, format), count = ck_packed_pair_count(device, shape)
          for transposed in depth == shape.in ? [false, true] : [false] {
            let found = packed(bytes, format, CK_STORED_BF16, count: count, transposed: transposed) { plain, target in
              ck_pack_weight_pairs(device, shape, plain, target)
            }
            let right = expected(shape, bytes, format, CK_STORED_BF16, count: count, transposed: transposed) {
              out, channel, tap in
              let k = inTiles ? (channel / 32 * taps + tap) * 32 + channel % 32 : tap * shape.in + channel
              // Panels of values and of gates take turns.
              let half = shape.out / 2, i = out % max(half, 1)
              let column = shape.gated ? i / 16 * 32 + out / half * 16 + i % 16 : out
              return column / 16 * 16 * padded + k / group * 16 * group + column % 16 * group + k % group
            }
            #expect(found == right, "\(shape), \(format)")
          }
        }
      }
    }
  }

  @Test("Binary16 is only moved: from other formats nothing is packed as it")
  func otherFormatsAreNotPackedAsBinary16() {
    let device = ck_device(kernels: ck_kernels_for(CPUFeatures.available.rawValue), threads: 1, pool: nil)
    let shape = ck_product_shape(weight: [64, 64])
    for format in [CK_STORED_F32, CK_STORED_BF16] {
      let bytes = stored(64 * 64, format)
      let result = packed(bytes, format, CK_STORED_F16, count: 4096, transposed: false) { plain, target in
        #expect(!ck_pack_weights(device, shape, plain, CK_STORED_F16, target))
      }
      #expect(result.allSatisfy { $0 == Self.canary })
    }
  }
}

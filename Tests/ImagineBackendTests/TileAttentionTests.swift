import CKernels
import ImagineCPU
import ImagineGraph
import ImagineTesting
import Testing

/// Attention in bfloat16 by every instruction set that has products of it, against attention in 32 bits.
@Suite struct TileAttentionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let queries: Int, keys: Int, heads: Int, width: Int
    var isCausal = false

    var testDescription: String { "\(queries) x \(keys), \(heads) of \(width)\(isCausal ? ", causal" : "")" }

    var shape: ck_attention_shape {
      ck_attention_shape(
        batch: 2, queries: queries, keys: keys, heads: heads, head_size: width, causal: isCausal)
    }
  }

  /// Blocks of queries and chunks of keys that are full, that end anywhere, and that are there once; widths that fill no
  /// panel, and the widest.
  static let cases = [
    Case(queries: 300, keys: 192, heads: 2, width: 40), Case(queries: 64, keys: 64, heads: 1, width: 64),
    Case(queries: 33, keys: 77, heads: 3, width: 40), Case(queries: 31, keys: 129, heads: 1, width: 80),
    Case(queries: 100, keys: 31, heads: 2, width: 160), Case(queries: 1, keys: 1, heads: 1, width: 1),
    Case(queries: 45, keys: 70, heads: 2, width: 17), Case(queries: 40, keys: 100, heads: 1, width: 176),
    Case(queries: 77, keys: 77, heads: 3, width: 64, isCausal: true),
    Case(queries: 290, keys: 290, heads: 1, width: 48, isCausal: true),
    Case(queries: 90, keys: 40, heads: 1, width: 33, isCausal: true),
  ]

  private func bits(_ count: Int, _ seed: String, scale: Float) -> [UInt16] {
    Distribution.normal().tensor(TensorType([count], .float32), seed: seed).floats.map { BFloat16.bits($0 * scale) }
  }

  /// - Parameter scale: of queries: with large ones, few keys have all the weight, and the largest score grows often.
  private func result(_ device: ck_device, _ test: Case, scale: Float, in type: ck_type) -> [Float] {
    let shape = test.shape, row = test.heads * test.width
    let q = bits(2 * test.queries * row, "q", scale: scale), k = bits(2 * test.keys * row, "k", scale: 1)
    let v = bits(2 * test.keys * row, "v", scale: 1), count = q.count
    let scratch = UnsafeMutableRawBufferPointer.allocate(
      byteCount: ck_attention_scratch_bytes(device, type, shape), alignment: 64)
    defer { scratch.deallocate() }
    scratch.initializeMemory(as: UInt8.self, repeating: 0xff)
    func attend<Element>(_ q: [Element], _ k: [Element], _ v: [Element], _ nothing: Element) -> [Element] {
      var out = [Element](repeating: nothing, count: count)
      out.withUnsafeMutableBytes { out in
        q.withUnsafeBytes { q in
          k.withUnsafeBytes { k in
            v.withUnsafeBytes { v in
              guard let out = out.baseAddress else { return }
              ck_attention(
                device, type, shape, q.baseAddress, k.baseAddress, v.baseAddress, out, scratch.baseAddress)
            }
          }
        }
      }
      return out
    }
    if type == CK_BF16 { return attend(q, k, v, 0xffff).map(BFloat16.float) }
    return attend(q.map(BFloat16.float), k.map(BFloat16.float), v.map(BFloat16.float), .nan)
  }

  @Test(arguments: InstructionSet.all.filter { $0.withDevice { ck_has_pairs($0) } }, cases)
  func agreesWith32Bits(_ set: InstructionSet, _ test: Case) {
    let reference = ck_device(kernels: ck_kernels_for(0), threads: 1, pool: nil)
    for scale: Float in [0.1, 1, 8] {
      let expected = result(reference, test, scale: scale, in: CK_F32)
      let found = set.withDevice(threads: 1) { result($0, test, scale: scale, in: CK_BF16) }
      // Weights and results are rounded to bfloat16 once each, 1.7e-3 together.
      let error = Comparison(found, expected).relativeL2
      #expect(error < 3e-3, "scale \(scale): \(error)")
      for threads: UInt32 in [2, 3] {
        #expect(set.withDevice(threads: threads) { result($0, test, scale: scale, in: CK_BF16) } == found)
      }
    }
  }
}

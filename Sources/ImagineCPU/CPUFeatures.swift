import CKernels

/// Instruction sets the backend has kernels for.
package struct CPUFeatures: OptionSet, Sendable, Hashable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  /// 256-bit vectors, with fused multiplication and addition.
  package static let avx2 = CPUFeatures(rawValue: UInt32(CK_AVX2))
  /// 512-bit vectors: F, BW, DQ and VL.
  package static let avx512 = CPUFeatures(rawValue: UInt32(CK_AVX512))
  /// Products of bfloat16 in vectors.
  package static let avx512BFloat16 = CPUFeatures(rawValue: UInt32(CK_AVX512_BF16))
  /// Products of bfloat16 in tiles.
  package static let amxBFloat16 = CPUFeatures(rawValue: UInt32(CK_AMX_BF16))
  /// Products of bfloat16 matrices of 2 x 4 and 4 x 2, of 64-bit Arm.
  package static let armBFloat16 = CPUFeatures(rawValue: UInt32(CK_ARM_BF16))

  /// The tiles of `amxBFloat16` computed one element at a time: no processor has this feature, tests ask for it.
  package static let softwareTiles = CPUFeatures(rawValue: UInt32(CK_SOFTWARE_TILES))

  /// What this processor has and its operating system supports.
  package static let available = CPUFeatures(rawValue: ck_cpu_features())

  /// What this processor has, less some: for trying the paths of older processors.
  package init(masking masked: CPUFeatures) {
    self = CPUFeatures.available.subtracting(masked)
  }

  /// The names in common use, such as `AVX2`.
  package var names: [String] {
    let all: [(CPUFeatures, String)] = [
      (.avx2, "AVX2"), (.avx512, "AVX-512"), (.avx512BFloat16, "AVX512-BF16"), (.amxBFloat16, "AMX-BF16"),
      (.armBFloat16, "Arm BF16"),
    ]
    return all.compactMap { contains($0.0) ? $0.1 : nil }
  }
}

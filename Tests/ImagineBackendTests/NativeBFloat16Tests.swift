import CKernels
import Testing

@testable import ImagineCPU

/// Which instruction sets multiply brain floats, on which the precision of a model's run depends.
@Suite struct NativeBFloat16Tests {
  private func isNative(_ features: CPUFeatures) -> Bool {
    CPUCapabilities(features: features, threads: 1).hasNativeBFloat16
  }

  @Test func sets() {
    #expect(!isNative([]) && !isNative([.avx2]) && !isNative([.avx2, .avx512]))
    #expect(isNative([.avx2, .avx512, .avx512BFloat16]) && isNative(.armBFloat16))
  }

  /// What is native has kernels, and the other way round, on whatever processor this is.
  @Test func agreesWithTheKernels() {
    for features in [CPUFeatures.available, CPUFeatures(masking: [.avx512BFloat16, .amxBFloat16, .armBFloat16])] {
      let device = ck_device(kernels: ck_kernels_for(features.rawValue), threads: 1, pool: nil)
      #expect(isNative(features) == ck_has_pairs(device))
    }
  }

  @Test func names() {
    #expect(CPUFeatures.armBFloat16.names == ["Arm BF16"])
    #expect(CPUFeatures([.avx2, .avx512, .avx512BFloat16]).names == ["AVX2", "AVX-512", "AVX512-BF16"])
  }
}

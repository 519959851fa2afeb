import CKernels
import ImagineCPU
import Testing

/// Kernels of one instruction set that this processor has, on one thread or several.
struct InstructionSet: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let features: UInt32

  static let all: [InstructionSet] = {
    let steps: [(String, CPUFeatures)] = [
      ("baseline", []), ("AVX2", [.avx2]), ("AVX-512", [.avx2, .avx512]),
      ("AVX512-BF16", [.avx2, .avx512, .avx512BFloat16]),
      ("AMX-BF16", [.avx2, .avx512, .avx512BFloat16, .amxBFloat16]), ("Arm BF16", .armBFloat16),
    ]
    let tiles: [(String, CPUFeatures)] = [
      ("tiles in software", []), ("tiles in software, AVX512-BF16", [.avx2, .avx512, .avx512BFloat16]),
    ]
    return
      (steps + tiles.map { ($0.0, $0.1.union(.softwareTiles)) })
      .filter { CPUFeatures.available.union(.softwareTiles).isSuperset(of: $0.1) }
      .map { InstructionSet(testDescription: $0.0, features: $0.1.rawValue) }
  }()

  func withDevice<Result>(threads: UInt32 = 1, _ body: (ck_device) throws -> Result) rethrows -> Result {
    let pool = threads > 1 ? ck_pool_create(threads) : nil
    defer { ck_pool_destroy(pool) }
    return try body(ck_device(kernels: ck_kernels_for(features), threads: threads, pool: pool))
  }
}

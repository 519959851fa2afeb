import ImagineCPU
import ImagineTesting

/// A CPU backend restricted in some way, so that one machine tries the paths of several.
struct CPUConfiguration: Sendable {
  let name: String
  let backend: CPUBackend

  init(_ name: String, threads: Int = 2, masking masked: CPUFeatures = []) throws {
    self.name = name
    backend = try CPUBackend(threads: threads, features: CPUFeatures(masking: masked))
  }

  /// What the processor has; then always a step less, down to 128-bit vectors and 32-bit products.
  static let all: [CPUConfiguration] = {
    let native: CPUFeatures = [.avx512BFloat16, .amxBFloat16]
    let wide = native.union(.avx512)
    let steps: [(String, CPUFeatures)] = [
      ("all features", []), ("no bfloat16 products", native), ("no AVX-512", wide), ("baseline", wide.union(.avx2)),
    ]
    var seen: Set<CPUFeatures> = []
    return steps.compactMap { name, masked in
      seen.insert(CPUFeatures(masking: masked)).inserted ? try? CPUConfiguration(name, masking: masked) : nil
    }
  }()
}

import ImagineCPU
import ImagineTesting

/// A CPU backend restricted in some way, so that one machine tries the paths of several.
struct CPUConfiguration: Sendable {
  let name: String
  let backend: CPUBackend

  private init(_ name: String, _ backend: CPUBackend) {
    self.name = name
    self.backend = backend
  }

  init(_ name: String, masking masked: CPUFeatures = [], products: CPUProducts = .kernels) throws {
    self.name = name
    backend = try CPUBackend(threads: 2, features: CPUFeatures(masking: masked), products: products)
  }

  /// What the processor has; then always a step less, down to 128-bit vectors and 32-bit products.
  static let all: [CPUConfiguration] = {
    let native: CPUFeatures = [.avx512BFloat16, .amxBFloat16, .armBFloat16]
    let wide = native.union(.avx512)
    let steps: [(String, CPUFeatures)] = [
      ("all features", []), ("no bfloat16 products", native), ("no AVX-512", wide), ("baseline", wide.union(.avx2)),
    ]
    var seen: Set<CPUFeatures> = []
    let kernels = steps.filter { seen.insert(CPUFeatures(masking: $0.1)).inserted }.flatMap { name, masked in
      [CPUProducts.kernels, .winograd].compactMap {
        try? CPUConfiguration("\(name), \($0)", masking: masked, products: $0)
      }
    }
    let tiles = [("tiles in software", CPUFeatures.softwareTiles), ("tiles in software, all features", .available)]
    return kernels
      + tiles.compactMap { name, features in
        (try? CPUBackend(threads: 2, features: features.union(.softwareTiles), products: .kernels)).map {
          CPUConfiguration(name, $0)
        }
      }
  }()
}

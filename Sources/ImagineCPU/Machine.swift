import CKernels
import Foundation

/// What all plans of one backend share: threads, kernels, oneDNN, working memory.
///
/// Plans take turns: `locked` keeps a second run waiting, as two would only halve each other's speed and need twice the
/// memory.
final class Machine: @unchecked Sendable {
  let capabilities: CPUCapabilities
  let products: CPUProducts
  let device: ck_device
  let engine: Engine
  private let workspace = Workspace()
  private let lock = NSRecursiveLock()

  init(features: CPUFeatures, threads: Int, products: CPUProducts) throws {
    capabilities = CPUCapabilities(features: features, threads: threads)
    self.products = products
    device = ck_device(kernels: ck_kernels_for(features.rawValue), threads: UInt32(threads))
    engine = try Engine()
  }

  /// Runs `body` alone, with this backend's number of threads for every parallel region it starts.
  func locked<Result>(_ body: (Workspace) throws -> Result) rethrows -> Result {
    try lock.withLock {
      ck_set_threads(device.threads)
      return try body(workspace)
    }
  }
}

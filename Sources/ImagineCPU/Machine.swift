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
  /// The same kernels on the calling thread alone: weights are packed on several threads, one weight on each.
  let loadingDevice: ck_device
  private let workspace = Workspace()
  private let lock = NSRecursiveLock()

  init(features: CPUFeatures, threads: Int, products: CPUProducts) throws {
    capabilities = CPUCapabilities(features: features, threads: threads)
    self.products = products
    engine = try Engine()
    loadingDevice = ck_device(kernels: ck_kernels_for(features.rawValue), threads: 1, pool: nil)
    device = ck_device(
      kernels: ck_kernels_for(features.rawValue), threads: UInt32(threads),
      pool: Self.usesOneDNN(products, capabilities) ? nil : ck_pool_create(UInt32(threads)))
  }

  deinit { ck_pool_destroy(device.pool) }

  /// Whether any product may run on oneDNN, and so on libgomp's threads.
  private static func usesOneDNN(_ products: CPUProducts, _ capabilities: CPUCapabilities) -> Bool {
    switch products {
    case .kernels, .winograd: false
    case .oneDNN: true
    case .automatic: capabilities.multipliesInTiles
    }
  }

  /// Gives working memory back to the system; the next run takes what it needs.
  func releaseWorkspace() { lock.withLock { workspace.release() } }

  /// Runs `body` alone, with this backend's number of threads for every parallel region it starts.
  func locked<Result>(_ body: (Workspace) throws -> Result) rethrows -> Result {
    try lock.withLock {
      ck_set_threads(device.threads)
      return try body(workspace)
    }
  }
}

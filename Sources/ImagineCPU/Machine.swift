import CKernels
import Foundation

/// What all plans of one backend share: threads, kernels, working memory.
///
/// Plans take turns: `locked` keeps a second run waiting, as two would only halve each other's speed and need twice the
/// memory.
final class Machine: @unchecked Sendable {
  let capabilities: CPUCapabilities
  let products: CPUProducts
  let device: ck_device
  /// The same kernels on the calling thread alone: weights are packed on several threads, one weight on each.
  let loadingDevice: ck_device
  private let workspace = Workspace()
  private let lock = NSRecursiveLock()

  init(features: CPUFeatures, threads: Int, products: CPUProducts) {
    capabilities = CPUCapabilities(features: features, threads: threads)
    self.products = products
    loadingDevice = ck_device(kernels: ck_kernels_for(features.rawValue), threads: 1, pool: nil)
    device = ck_device(
      kernels: ck_kernels_for(features.rawValue), threads: UInt32(threads),
      pool: threads > 1 ? ck_pool_create(UInt32(threads)) : nil)
  }

  deinit { ck_pool_destroy(device.pool) }

  /// Gives working memory back to the system; the next run takes what it needs.
  func releaseWorkspace() { lock.withLock { workspace.release() } }

  /// Runs `body` while no other does.
  func locked<Result>(_ body: (Workspace) throws -> Result) rethrows -> Result {
    try lock.withLock { try body(workspace) }
  }
}

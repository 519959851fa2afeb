import Foundation

/// A block of aligned memory, freed with its owner.
final class MemoryBlock: @unchecked Sendable {
  let address: UnsafeMutableRawPointer
  let byteCount: Int

  /// - Throws: `CPUBackendError` if the system has no such block; `purpose` completes the sentence.
  init(byteCount: Int, for purpose: String) throws {
    var pointer: UnsafeMutableRawPointer?
    // A page and more: large blocks can then be backed by large pages.
    let alignment = byteCount >= 1 << 22 ? 1 << 21 : 64
    guard posix_memalign(&pointer, alignment, max(byteCount, 1)) == 0, let pointer else {
      throw CPUBackendError(
        "There is no memory for \(purpose): \(byteCount >> 20) MiB are needed. Use a smaller size, a smaller batch or "
          + "bfloat16.", isOutOfMemory: true)
    }
    address = pointer
    self.byteCount = byteCount
  }

  deinit { free(address) }

  var bytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: address, count: byteCount) }
}

/// Working memory that the plans of a backend use in turn: as much as the largest of them needs.
final class Workspace {
  private var block: MemoryBlock?

  /// Memory of at least `byteCount` bytes, holding anything.
  func memory(_ byteCount: Int) throws -> UnsafeMutableRawPointer {
    if let block, block.byteCount >= byteCount { return block.address }
    block = nil
    let larger = try MemoryBlock(byteCount: byteCount, for: "the values between operations")
    #if os(Linux)
      // Large pages, where the system has them to give: fewer page faults and misses of the translation cache.
      madvise(larger.address, byteCount, MADV_HUGEPAGE)
    #endif
    block = larger
    return larger.address
  }
}

extension Int {
  /// Rounded up to a multiple of a cache line.
  var aligned: Int { (self + 63) / 64 * 64 }
}

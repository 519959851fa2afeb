import Foundation

/// A block of aligned memory, freed with its owner.
///
/// Large blocks are mappings of their own, so that the system has them back at once.
final class MemoryBlock: @unchecked Sendable {
  /// From this size on a block is a mapping.
  private static let mappedBytes = 1 << 20
  /// From this size on a block begins where a large page may begin.
  private static let largePagesBytes = 1 << 22
  private static let largePage = 1 << 21

  let address: UnsafeMutableRawPointer
  let byteCount: Int
  private let isMapped: Bool

  /// - Throws: `CPUBackendError` if the system has no such block; `purpose` completes the sentence.
  init(byteCount: Int, for purpose: String) throws {
    isMapped = byteCount >= Self.mappedBytes
    guard let address = isMapped ? Self.mapping(byteCount) : Self.allocation(byteCount) else {
      throw CPUBackendError(
        "There is no memory for \(purpose): \(byteCount >> 20) MiB are needed. Use a smaller size, a smaller batch or "
          + "bfloat16.", isOutOfMemory: true)
    }
    self.address = address
    self.byteCount = byteCount
  }

  private static func allocation(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    var pointer: UnsafeMutableRawPointer?
    return posix_memalign(&pointer, 64, max(byteCount, 1)) == 0 ? pointer : nil
  }

  private static func mapping(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    let alignment = byteCount >= largePagesBytes ? largePage : 0
    let (length, overflow) = byteCount.addingReportingOverflow(alignment)
    guard !overflow, let start = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0),
      start != MAP_FAILED
    else { return nil }
    guard alignment > 0 else { return start }
    // What lies before the first large page goes back, and so does the rest behind the block.
    let address = start.alignedUp(toMultipleOf: alignment), before = address - start
    let page = Int(sysconf(Int32(_SC_PAGESIZE))), end = (byteCount + page - 1) / page * page
    if before > 0 { munmap(start, before) }
    if before + end < length { munmap(address + end, length - before - end) }
    return address
  }

  deinit {
    if isMapped { munmap(address, byteCount) } else { free(address) }
  }

  var bytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: address, count: byteCount) }
}

/// Working memory that the plans of a backend use in turn: as much as the largest of them needs.
final class Workspace {
  private var block: MemoryBlock?

  var byteCount: Int { block?.byteCount ?? 0 }

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

  func release() { block = nil }
}

extension Int {
  /// Rounded up to a multiple of a cache line.
  var aligned: Int { (self + 63) / 64 * 64 }
}

import CKernels
import Foundation

/// Weights that are not kept: they are read and packed shortly before each use, in the order of the plan, several at
/// once where they are small. Those of steady operations come first, so that they are not read with the others where
/// these operations are left out.
///
/// An operation asks for one of them at a time, and what it was given stays until one is asked for that was not read
/// with it.
final class WeightStream: @unchecked Sendable {
  struct Entry {
    let weight: StoredWeight
    let form: StoredWeight.Form
    /// Bytes in that form.
    let byteCount: Int
  }

  private let entries: [Entry]
  private let capacity: Int
  private let machine: Machine
  private let lock = NSLock()
  private var present: [(entry: Entry, block: MemoryBlock)] = []

  /// - Parameters:
  ///   - entries: in the order they are used in.
  ///   - capacity: bytes in memory at once; a larger weight is there alone.
  init(_ entries: [Entry], capacity: Int, machine: Machine) {
    self.entries = entries
    self.capacity = capacity
    self.machine = machine
  }

  /// The elements in a form. The memory stays valid until another of the weights is asked for.
  func address(of weight: StoredWeight, in form: StoredWeight.Form) throws -> UnsafeRawPointer {
    try lock.withLock {
      if let found = present.first(where: { $0.entry.isOf(weight, form) }) {
        return UnsafeRawPointer(found.block.address)
      }
      // The room is needed for the next ones.
      present = []
      guard let first = entries.firstIndex(where: { $0.isOf(weight, form) }) else {
        throw CPUBackendError("\(weight.path) was asked for in a form that was not planned.")
      }
      let loaded = try load(Array(entries[batch(from: first)]))
      present = loaded
      return UnsafeRawPointer(loaded[0].block.address)
    }
  }

  /// Forgets what is in memory, so that it is read anew.
  func letGo() { lock.withLock { present = [] } }

  /// A weight and those after it that are in memory with it.
  private func batch(from first: Int) -> Range<Int> {
    var end = first + 1, bytes = entries[first].byteCount
    while end < entries.count, bytes + entries[end].byteCount <= capacity {
      bytes += entries[end].byteCount
      end += 1
    }
    return first..<end
  }

  /// Reads and packs weights on all threads: one weight on each, or all threads for one that is alone.
  private func load(_ batch: [Entry]) throws -> [(entry: Entry, block: MemoryBlock)] {
    if batch.count == 1 {
      return [(batch[0], try batch[0].weight.read(in: batch[0].form, on: machine.device))]
    }
    let threads = Int(machine.device.threads), loaded = Loaded(), workers = min(threads, batch.count)
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
      for index in stride(from: worker, to: batch.count, by: workers) {
        loaded.add(index, Result { try batch[index].weight.read(in: batch[index].form, on: machine.loadingDevice) })
      }
    }
    return try loaded.results.sorted { $0.key < $1.key }.map { (batch[$0.key], try $0.value.get()) }
  }

  /// What the threads share.
  private final class Loaded: @unchecked Sendable {
    private let lock = NSLock()
    private(set) var results: [Int: Result<MemoryBlock, any Error>] = [:]

    func add(_ index: Int, _ result: Result<MemoryBlock, any Error>) { lock.withLock { results[index] = result } }
  }
}

extension WeightStream.Entry {
  fileprivate func isOf(_ weight: StoredWeight, _ form: StoredWeight.Form) -> Bool {
    self.weight === weight && self.form == form
  }
}

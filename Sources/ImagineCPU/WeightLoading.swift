import Foundation
import ImagineGraph

/// The weights a plan wants in memory, each in the form its operation reads: asked for one by one while the plan is
/// made, then read and packed on all threads, one weight on each.
struct WeightLoading {
  private struct Request {
    let weight: StoredWeight
    /// Nil for one that is read anew in the form that it has.
    let form: StoredWeight.Form?

    func load() throws {
      if let form { _ = try weight.address(in: form) } else { try weight.readAgain() }
    }
  }

  /// Threads that load at once, at most: more would only wait for memory, and each may hold a plain copy of its weight.
  static let maximumThreads = 32

  private var requests: [Request] = []

  mutating func add(_ weight: StoredWeight, _ form: StoredWeight.Form) {
    requests.append(Request(weight: weight, form: form))
  }

  /// A weight that is to be read anew, if it is in memory.
  mutating func addAgain(_ weight: StoredWeight) { requests.append(Request(weight: weight, form: nil)) }

  /// Returns when all weights are in memory.
  ///
  /// - Throws: what reading the first of the weights that failed, in the order of the plan, threw; `CancellationError`
  ///   once the calling task is cancelled.
  func run(threads: Int) throws {
    let progress = Progress()
    // The largest first, so that the threads end at about the same time.
    let order = requests.indices.sorted { requests[$0].weight.type.byteCount > requests[$1].weight.type.byteCount }
    DispatchQueue.concurrentPerform(iterations: min(threads, Self.maximumThreads, requests.count)) { _ in
      while let turn = progress.next(of: requests.count) {
        let index = order[turn]
        // Only the thread that called knows the task; the others stop when it has failed.
        if Task.isCancelled { return progress.fail(index, CancellationError()) }
        do { try requests[index].load() } catch { progress.fail(index, error) }
      }
    }
    if let error = progress.error { throw error }
  }

  /// What the threads share.
  private final class Progress: @unchecked Sendable {
    private let lock = NSLock()
    private var taken = 0
    private var failure: (index: Int, error: any Error)?

    var error: (any Error)? { lock.withLock { failure?.error } }

    /// The next weight to load; nil when all are taken or one has failed.
    func next(of count: Int) -> Int? {
      lock.withLock {
        guard failure == nil, taken < count else { return nil }
        defer { taken += 1 }
        return taken
      }
    }

    func fail(_ index: Int, _ error: any Error) {
      lock.withLock {
        if let failure, failure.index < index { return }
        failure = (index, error)
      }
    }
  }
}

internal import Foundation

/// A thread of its own for heavy work, as an executor for actors.
///
/// A denoising step blocks for seconds; on Swift's shared threads that would hold up everybody else's tasks.
package final class ComputeThread: SerialExecutor, @unchecked Sendable {  // All state is behind the condition.
  /// Addresses that the thread takes for what it calls.
  static let stackBytes = 8 << 20

  private let condition = NSCondition()
  private var jobs: [UnownedJob] = []
  private var isFinished = false

  package init(name: String) {
    let thread = Thread { self.runJobs() }
    thread.name = name
    thread.stackSize = Self.stackBytes
    thread.start()
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    condition.withLock {
      jobs.append(job)
      condition.signal()
    }
  }

  /// Lets the thread end once its jobs are done.
  package func finish() {
    condition.withLock {
      isFinished = true
      condition.signal()
    }
  }

  private func runJobs() {
    while let job = nextJob() { job.runSynchronously(on: asUnownedSerialExecutor()) }
  }

  private func nextJob() -> UnownedJob? {
    condition.withLock {
      while jobs.isEmpty, !isFinished { condition.wait() }
      return jobs.isEmpty ? nil : jobs.removeFirst()
    }
  }
}

/// The memory that running a graph takes, known before any of its weights is read.
package struct MemoryNeeds: Sendable, Hashable {
  /// Bytes of the weights that are held from the first run to the last.
  package var weightBytes: Int
  /// Bytes that the other weights pass through on their way from the file: read and packed at each use.
  package var passingBytes: Int
  /// Bytes of working memory for values between operations and for the operations' own needs.
  package var workingBytes: Int
  /// Bytes that the plan keeps from run to run, beside the working memory that it shares with others.
  package var keptBytes: Int
  /// Bytes held at once at most while weights are read, before the first run.
  package var loadingBytes: Int

  package init(weightBytes: Int, passingBytes: Int, workingBytes: Int, keptBytes: Int = 0, loadingBytes: Int) {
    self.weightBytes = weightBytes
    self.passingBytes = passingBytes
    self.workingBytes = workingBytes
    self.keptBytes = keptBytes
    self.loadingBytes = loadingBytes
  }

  /// Bytes held at once at most.
  package var peakBytes: Int { max(loadingBytes, weightBytes + passingBytes + workingBytes + keptBytes) }
}

/// A backend with memory of its own.
package protocol DeviceMemoryBackend: Backend {
  /// Bytes of its memory that are free, or would be if this backend held nothing; nil where nobody knows.
  var availableMemory: Int? { get }

  /// What planning and running a graph takes of it, beside what other graphs do. Nothing is read or allocated.
  func memoryNeeds(of graph: Graph) throws -> MemoryNeeds

  /// The same backend, which leaves weights in the host's memory that have no room beside values, and copies them over
  /// whenever they are used; nil where both memories are one. Its needs are the least that it can do with.
  var passingWeights: (any DeviceMemoryBackend)? { get }
}

/// A backend in the process's own memory, which can say beforehand how much of it a graph takes, and make do with less.
package protocol MemoryAwareBackend: Backend {
  /// Bytes of working memory that the backend holds at the moment for the next run, whichever plan's it is.
  var heldWorkingBytes: Int { get }

  /// What planning and running a graph will take. No weight is read, and only a little is allocated.
  func memoryNeeds(of graph: Graph, weights: any WeightSource) throws -> MemoryNeeds

  /// The same backend for networks that should not take more than so many bytes each.
  ///
  /// What of the weights is beyond that is read and packed again at each use; working memory cannot be limited. The
  /// results are the same.
  func limited(to bytes: Int) -> any MemoryAwareBackend
}

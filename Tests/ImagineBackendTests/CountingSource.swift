import Foundation
import ImagineGraph
import ImagineTesting

/// Random weights that count how often each of them is read.
///
/// With a lock that the thread sanitizer knows: it takes what a `Mutex` guards for a race.
final class CountingSource: WeightSource, @unchecked Sendable {
  private let source: RandomWeights
  private let lock = NSLock()
  private var counts: [String: Int] = [:]

  init(_ graph: Graph) { source = RandomWeights(graph.parameters) }

  var reads: [String: Int] { lock.withLock { counts } }

  func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
    lock.withLock { counts[name, default: 0] += 1 }
    try source.read(name, as: type, into: destination)
  }
}

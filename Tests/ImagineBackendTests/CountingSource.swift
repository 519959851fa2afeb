import ImagineGraph
import ImagineTesting
import Synchronization

/// Random weights that count how often each of them is read.
final class CountingSource: WeightSource {
  private let source: RandomWeights
  private let counts = Mutex<[String: Int]>([:])

  init(_ graph: Graph) { source = RandomWeights(graph.parameters) }

  var reads: [String: Int] { counts.withLock { $0 } }

  func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
    counts.withLock { $0[name, default: 0] += 1 }
    try source.read(name, as: type, into: destination)
  }
}

import ImagineGraph

/// The values of a plan that outlive its runs: those that hang on steady inputs and weights alone.
///
/// They lie in memory of the plan's own, as other plans overwrite what is shared.
final class KeptValues {
  private let block: MemoryBlock
  private let steadyInputs: Set<String>
  private let weights: CurrentSource
  /// Bytes of the values and of the steady inputs that they are of.
  let byteCount: Int
  /// Nil before the first run, and while values are computed or after that has failed.
  private var basis: SteadyBasis?

  /// - Throws: `CPUBackendError` if the system has no such memory.
  init(_ memory: MemoryPlan, of graph: Graph, _ weights: CurrentSource) throws {
    block = try MemoryBlock(byteCount: memory.keptByteCount, for: "the values that stay from run to run")
    byteCount = Self.byteCount(memory, of: graph)
    steadyInputs = graph.steadyInputs
    self.weights = weights
  }

  /// Bytes that they will take.
  static func byteCount(_ memory: MemoryPlan, of graph: Graph) -> Int {
    graph.inputs.reduce(memory.keptByteCount) { bytes, input in
      graph.steadyInputs.contains(input.name) ? bytes + input.type.shape.count * ElementType.float32.size : bytes
    }
  }

  var bytes: UnsafeMutableRawBufferPointer { block.bytes }

  /// Has the values there that belong to inputs and to the weights of now.
  ///
  /// - Parameter compute: writes all of them; left out where they are there.
  func renew(for inputs: [String: HostTensor], _ compute: () throws -> Void) rethrows {
    let wanted = SteadyBasis(inputs, steady: steadyInputs, weights: weights.generation)
    guard basis != wanted else { return }
    basis = nil
    try compute()
    basis = wanted
  }

  /// Lets them be computed anew at the next run.
  func forget() { basis = nil }
}

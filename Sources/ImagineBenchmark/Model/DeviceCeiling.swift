package import ImagineGraph
internal import ImagineModels

/// What a device reaches in practice, measured with the same kernels that models run on: the best large product, and a
/// pass over large memory.
package struct DeviceCeiling: Sendable, Hashable, Encodable {
  /// Floating-point operations a second, of a product of two square matrices.
  package let flopsPerSecond: Double
  /// Bytes read and written a second.
  package let bytesPerSecond: Double
  /// Meanwhile; nil without tile registers.
  package let tiles: TileState?

  package init(flopsPerSecond: Double, bytesPerSecond: Double, tiles: TileState? = nil) {
    self.flopsPerSecond = flopsPerSecond
    self.bytesPerSecond = bytesPerSecond
    self.tiles = tiles
  }

  /// The shortest time for work of this cost, in seconds.
  package func seconds(_ cost: OpCost) -> Double {
    max(cost.flops / flopsPerSecond, cost.bytes / bytesPerSecond)
  }

  /// Measures a backend, which takes about a second.
  ///
  /// - Throws: what the backend throws at the smallest sizes.
  package init(measuring backend: any Backend, precision: ImagineGraph.Precision) throws {
    let tileUnit = TileUnit(backend), before = tileUnit.productSeconds
    // A small product does not fill a device, and which large one is best differs: the best of all sizes counts.
    let products = try Probe.product.run(
      sides: [256, 512, 1024, 2048, 4096, 8192], backend, precision, cost: \.flops)
    // A small pass stays in the caches: only the largest counts. In the process's own memory the very largest would be
    // most of what a benchmark takes.
    let largest = backend is any MemoryAwareBackend ? 4096 : 8192
    let passes = try Probe.pass.run(
      sides: [1024, 2048, 4096, 8192].filter { $0 <= largest }, backend, precision, cost: \.bytes)
    self.init(
      flopsPerSecond: products.max() ?? .nan, bytesPerSecond: passes.last ?? .nan, tiles: tileUnit.state(since: before))
  }
}

/// One operation, many times in a row on a square matrix of random numbers that is on the device already.
enum Probe: CaseIterable {
  /// With another matrix.
  case product
  /// Over memory.
  case pass

  private static let repetitions = 8
  /// Seconds for a run; what takes longer is large enough.
  private static let enough = 0.2

  /// - Returns: the cost done in a second, at each side that was tried.
  func run(
    sides: [Int], _ backend: any Backend, _ precision: ImagineGraph.Precision, cost: KeyPath<OpCost, Double>
  ) throws -> [Double] {
    var rates: [Double] = []
    for side in sides {
      do {
        let (seconds, graph) = try time(side, backend, precision)
        rates.append(graph.cost[keyPath: cost] / seconds)
        if seconds > Self.enough { break }
      } catch let error as any BackendFailure where !rates.isEmpty && error.failure != .deviceLost {
        break
      }
    }
    return rates
  }

  /// The matrix after all repetitions.
  func result(side: Int, _ builder: GraphBuilder) -> Tensor {
    var x = builder.parameter(Parameter(path: "x.weight", shape: [side, side])).asActivation()
    for _ in 0..<Self.repetitions {
      switch self {
      case .product: x = x.linear(Parameter(path: "w.weight", shape: [side, side]), bias: nil)
      case .pass: x = x * 1.0001
      }
    }
    return x
  }

  private func time(
    _ side: Int, _ backend: any Backend, _ precision: ImagineGraph.Precision
  ) throws -> (seconds: Double, Graph) {
    let builder = GraphBuilder(precision: precision), x = result(side: side, builder)
    // One element: the way back to the host is not what is measured.
    let graph = try builder.finish([x.sliced(axis: 0, start: 0, count: 1).sliced(axis: 1, start: 0, count: 1)])
    let plan = try backend.plan(graph, weights: backend.upload(SyntheticWeights(graph), for: graph))
    return (try Timing(repeats: 3) { _ = try plan.run([:]) }.fastest, graph)
  }
}

extension SyntheticWeights {
  /// For all of a graph's parameters.
  init(_ graph: Graph) {
    self.init(Dictionary(graph.parameters.map { ($0.path, $0.type.shape) }) { first, _ in first })
  }
}

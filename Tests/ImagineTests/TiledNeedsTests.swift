import ImagineCPU
import ImagineGraph
import ImagineModels
import Testing

@testable import ImagineEngine

/// What decoding or encoding in tiles is said to take: what one section has on the host and what the backend needs for another are
/// never there together.
@Suite struct TiledNeedsTests {
  /// Says of graphs that double their image, or of all other sections, that they need much.
  private struct MeteredBackend: MemoryAwareBackend {
    static let much = 1_000_000
    let backend: CPUBackend
    let isDoublingExpensive: Bool
    var heldWorkingBytes: Int { 0 }

    func supports(_ op: Op, _ operands: [TensorType]) -> Bool { backend.supports(op, operands) }
    func upload(_ weights: any WeightSource, for graph: Graph) throws -> any DeviceWeights {
      try backend.upload(weights, for: graph)
    }
    func plan(_ graph: Graph, weights: any DeviceWeights) throws -> any Plan {
      try backend.plan(graph, weights: weights)
    }
    func memoryNeeds(of graph: Graph, weights: any WeightSource) throws -> MemoryNeeds {
      let doubles = graph.nodes.contains { if case .upsampleNearest = $0.op { true } else { false } }
      // The beginning takes latents, and is neither.
      let isCounted = graph.inputs.contains { $0.name == "x" } && doubles == isDoublingExpensive
      return MemoryNeeds(
        weightBytes: 10, passingBytes: 0, workingBytes: isCounted ? Self.much : 0, loadingBytes: 10)
    }
    func limited(to bytes: Int) -> any MemoryAwareBackend { self }
  }

  /// Two sections: one of [1, 32, 32, 32] to the same, one of that to [1, 64, 64, 3].
  private func needs(
    isDoublingExpensive: Bool, dropsSections: Bool = true
  ) throws -> TiledNeeds {
    let (model, weights) = DiffusionModel.synthetic(.miniature)
    let decoder = try #require(model[.decoder]?.tiling)
    let backend = MeteredBackend(backend: try CPUBackend(threads: 1), isDoublingExpensive: isDoublingExpensive)
    return try decoder.tiledNeeds(
      NetworkShape(height: 32, width: 32), tile: 2, weights, backend, .float32, dropsSections: dropsSections)
  }

  private static let coarse = 32 * 32 * 32 * 4, fine = 64 * 64 * 3 * 4

  @Test func theWorstSectionCounts() throws {
    let doubling = try needs(isDoublingExpensive: true)
    #expect(doubling.needs.workingBytes == MeteredBackend.much)
    // Its image, its result, and a window on its way in and out: less than the other section's two images alone.
    #expect(doubling.hostBytes > Self.coarse + Self.fine && doubling.hostBytes < 2 * Self.coarse)
    let other = try needs(isDoublingExpensive: false)
    #expect(other.needs.workingBytes == MeteredBackend.much && other.hostBytes > 2 * Self.coarse)
  }

  @Test func sectionsThatStayAddUp() throws {
    #expect(try needs(isDoublingExpensive: true).needs.weightBytes == 10)
    #expect(try needs(isDoublingExpensive: true, dropsSections: false).needs.weightBytes == 30)
  }

  /// The encoder goes the other way: one section of [1, 64, 64, 3] to [1, 32, 32, C], one of that to the same, and its end.
  @Test func theEncoderIsCountedLikewise() throws {
    let (model, weights) = DiffusionModel.synthetic(.miniature)
    let encoder = try #require(model[.encoder]?.tiling)
    let backend = MeteredBackend(backend: try CPUBackend(threads: 1), isDoublingExpensive: false)
    func needs(dropsSections: Bool) throws -> TiledNeeds {
      try encoder.tiledNeeds(
        NetworkShape(height: 32, width: 32), tile: 2, weights, backend, .float32, dropsSections: dropsSections)
    }
    let dropping = try needs(dropsSections: true)
    #expect(dropping.needs.workingBytes == MeteredBackend.much)
    #expect(dropping.hostBytes > Self.fine && dropping.needs.weightBytes == 10)
    #expect(try needs(dropsSections: false).needs.weightBytes == 30)
    let whole = try #require(model[.encoder]).graph(NetworkShape(height: 32, width: 32), .float32).cost.flops
    #expect(dropping.flops > whole, "every norm takes a pass of its own")
  }
}

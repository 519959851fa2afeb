import ImagineGraph
import ImagineReference
import ImagineTesting
import Testing

@Suite struct RandomGraphTests {
  @Test(arguments: 0..<40) func passesKeepValues(seed: UInt64) throws {
    let graph = try RandomGraph.make(seed: seed)
    let inputs = inputs(of: graph), weights = RandomWeights(graph.parameters)
    let expected = try ReferenceBackend().evaluate(graph, inputs: inputs, weights: weights)
    let fused = try graph.fused { _, _ in true }, lowered = try graph.lowered { op, _ in !op.isFused }
    let refused = try lowered.fused { _, _ in true }
    for rewritten in [fused, lowered, refused] {
      let actual = try ReferenceBackend().evaluate(rewritten, inputs: inputs, weights: weights)
      #expect(actual.count == expected.count)
      for (a, e) in zip(actual, expected) { #expect(a.mismatch(with: e, Tolerance(.float32)) == nil) }
    }
  }

  @Test func theyContainWhatThePassesLookFor() throws {
    var joined = 0, decomposed = 0
    for seed in 0..<40 as Range<UInt64> {
      let graph = try RandomGraph.make(seed: seed)
      joined += try graph.fused { _, _ in true }.nodes.count < graph.nodes.count ? 1 : 0
      decomposed += try graph.lowered { op, _ in !op.isFused }.nodes.count > graph.nodes.count ? 1 : 0
    }
    #expect(joined > 20 && decomposed > 20)
  }

  private func inputs(of graph: Graph) -> [String: HostTensor] {
    Dictionary(
      uniqueKeysWithValues: graph.inputs.map { ($0.name, Distribution.normal().tensor($0.type, seed: $0.name)) })
  }
}

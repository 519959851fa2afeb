import ImagineGraph
import ImagineReference
import ImagineTesting
import Testing

@Suite struct OpCaseTests {
  @Test func namesAreUnique() {
    let names = OpCase.all.map(\.description)
    #expect(Set(names).count == names.count)
  }

  @Test(arguments: [OpCase.small, OpCase.all]) func everyOperationIsCovered(table: [OpCase]) throws {
    var names = Set<String>()
    for opCase in table { names.formUnion(try opCase.graph().nodes.map(\.op.name)) }
    let expected = Set(Activation.allCases.map(\.rawValue)).union([
      "input", "parameter", "prelu", "linear", "conv2d", "matmul", "groupNorm", "layerNorm", "softmax", "add",
      "multiply",
      "scale", "concat", "upsampleNearest", "embedding", "timestepEmbedding", "cast",
      "reshape", "permute", "slice", "attention", "glu", "gatedLinear", "linears",
    ])
    #expect(names == expected)
  }

  @Test(arguments: OpCase.forThisBuild) func decompositionsMeanTheSame(opCase: OpCase) throws {
    let mismatches = try opCase.mismatches(on: ReferenceBackend(support: .basicOnly))
    #expect(mismatches == [])
  }

  @Test(arguments: OpCase.blockCases.filter { $0.cost == .small }) func fusionMeansTheSame(opCase: OpCase) throws {
    let mismatches = try opCase.mismatches(on: ReferenceBackend(support: .everything))
    #expect(mismatches == [])
  }
}

import ImagineGraph
import Testing

@Suite struct GraphBuilderTests {
  @Test func keepsTheFirstMistakeAndThrowsItAtFinish() {
    let builder = GraphBuilder()
    let x = builder.input("x", [2, 7])
    let first = x.linear(Parameter(path: "unet.first.weight", shape: [3, 8]), bias: nil)
    let second = first.linear(Parameter(path: "unet.second.weight", shape: [3, 9]), bias: nil)
    let error = #expect(throws: GraphError.self) { try builder.finish([second.geglu()]) }
    #expect(error?.description.hasPrefix("unet.first: linear") == true)
    #expect(error?.description.contains("float32[2, 7], float32[3, 8]") == true)
  }

  @Test func aMistakeCountsEvenIfNothingUsesIt() {
    let builder = GraphBuilder()
    let x = builder.input("x", [2, 7])
    _ = x.geglu()
    #expect(throws: GraphError.self) { try builder.finish([x]) }
  }

  @Test func dropsWhatNoResultDependsOn() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [2, 6]), unused = builder.input("unused", [2, 6])
    _ = (unused * 2).linear(Parameter(path: "unused.weight", shape: [3, 6]), bias: nil)
    let y = x.silu()
    _ = y.geglu()
    let graph = try builder.finish([y * 3])
    #expect(graph.nodes.map(\.op) == [.input("x"), .activation(.silu), .scale(3)])
    #expect(graph.nodes.map(\.operands) == [[], [NodeID(0)], [NodeID(1)]])
    #expect(graph.outputs == [NodeID(2)])
    #expect(graph.inputs.map(\.name) == ["x"])
    #expect(graph.parameters.isEmpty)
    #expect(graph.useCounts == [1, 1, 1])
  }

  @Test func oneWeightIsOneNode() throws {
    let builder = GraphBuilder()
    let weight = Parameter(path: "shared.weight", shape: [4, 4])
    let x = builder.input("x", [2, 4])
    let graph = try builder.finish([x.linear(weight, bias: nil).linear(weight, bias: nil)])
    #expect(graph.parameters.map(\.path) == ["shared.weight"])
    #expect(graph.useCounts[1] == 2)
  }

  @Test func oneWeightHasOneShape() {
    let builder = GraphBuilder()
    let x = builder.input("x", [2, 4])
    _ = x.linear(Parameter(path: "shared.weight", shape: [4, 4]), bias: nil)
    let y = x.linear(Parameter(path: "shared.weight", shape: [5, 4]), bias: nil)
    let error = #expect(throws: GraphError.self) { try builder.finish([y]) }
    #expect(error?.description.contains("shared.weight") == true)
  }

  @Test func vectorsStayInFloat32() throws {
    let builder = GraphBuilder(precision: .bfloat16)
    let x = builder.input("x", [2, 4]).asActivation()
    let y = x.linear(Parameter(path: "l.weight", shape: [3, 4]), bias: Parameter(path: "l.bias", shape: [3]))
    let graph = try builder.finish([y])
    #expect(graph.parameters.map(\.type.elementType) == [.bfloat16, .float32])
    #expect(graph[graph.outputs[0]].type == TensorType([2, 3], .bfloat16))
  }

  @Test func nodesBelongToTheLayerOfTheirWeight() throws {
    let builder = GraphBuilder()
    let y = builder.input("x", [2, 4]).linear(Parameter(path: "a.b.weight", shape: [4, 4]), bias: nil).silu()
    let graph = try builder.finish([y])
    #expect(graph.nodes.map(\.scope) == ["x", "a.b", "a.b", "a.b"])
  }

  @Test func theSameOperationOnTheSameOperandsIsOneNode() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [2, 4]), weight = Parameter(path: "l.weight", shape: [4, 4])
    #expect(x.silu().id == x.silu().id && x.linear(weight, bias: nil).id == x.linear(weight, bias: nil).id)
    #expect((x + x.silu()).id == (x + x.silu()).id)
    #expect(x.silu().id != x.activation(.gelu).id && (x * 2).id != (x * 3).id)
    let other = builder.input("y", [2, 4])
    #expect(other.silu().id != x.silu().id && (x + other).id != (other + x).id)
  }

  @Test func nothingIsDoneWhereNothingChanges() {
    let x = GraphBuilder().input("x", [1, 3, 4, 2])
    #expect(x.reshaped([1, 3, 4, 2]).id == x.id)
    #expect(x.cast(to: .float32).id == x.id)
    #expect(x.upsampledNearest(height: 3, width: 4).id == x.id)
  }
}

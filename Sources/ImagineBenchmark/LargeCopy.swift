import ImagineGraph
import ImagineModels

/// Operations that do little but move memory, large enough that no cache holds what they move.
enum LargeCopy: String, CaseIterable, Sendable {
  case scale, add, concat

  private static let side = 4096

  var name: String {
    switch self {
    case .scale: "copy scale [\(Self.side), \(2 * Self.side)]"
    case .add: "copy add [\(Self.side), \(2 * Self.side)]"
    case .concat: "copy concat [\(Self.side), \(Self.side)] twice"
    }
  }

  func timed(_ precision: Precision) throws -> TimedOperation {
    let builder = GraphBuilder(precision: precision)
    func input(_ name: String, _ columns: Int) -> Tensor { builder.input(name, [Self.side, columns]) }
    let result =
      switch self {
      case .scale: input("x", 2 * Self.side) * 1.0001
      case .add: input("x", 2 * Self.side) + input("y", 2 * Self.side)
      case .concat: input("x", Self.side).concatenated(with: input("y", Self.side), axis: 1)
      }
    let graph = try builder.finish([result])
    return TimedOperation(
      name: name, count: nil, graph: graph, inputs: try graph.syntheticInputs(), weights: SyntheticWeights(graph))
  }
}

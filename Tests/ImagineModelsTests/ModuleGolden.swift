import ImagineCPU
import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import ImagineModels
import ImagineReference
import ImagineTesting
import Testing

/// A module of diffusers or transformers with random weights, its inputs and its outputs.
struct ModuleGolden {
  let golden: Golden
  /// What the module was made with, in its own words.
  let config: JSONValue

  init(_ name: String) throws {
    golden = try Golden("modules/\(name)")
    config = try JSONValue(parsing: golden.metadata["config"] ?? "{}")
  }

  /// Every backend a module is to agree on with its original.
  static func backends() throws -> [any Backend] {
    [ReferenceBackend(), ReferenceBackend(support: .basicOnly), try CPUBackend()]
  }

  /// The module as the part of a checkpoint that a model's structure is read off.
  func layout(of component: String, _ others: [String: Shape] = [:]) -> CheckpointLayout {
    let shapes = golden.shapes.map { ($0.replacing(/^weight/, with: component), $1) }
    return CheckpointLayout(
      shapes: others.merging(shapes) { $1 }, configurations: [component: config])
  }

  func int(_ key: String) throws -> Int { try #require(config[key]?.int, "the golden's config lacks \(key)") }

  /// Runs what `module` traces on every backend and compares with the golden's outputs, in order.
  ///
  /// - Parameter ignoringMissing: for a golden that holds half of the module only.
  func check(
    inputs names: [String], outputs: [String] = ["output"], ignoringMissing: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ module: (Weights, [Tensor]) throws -> [Tensor]
  ) throws {
    let inventory = WeightInventory(golden.shapes)
    let inputs = try names.map { ($0, try golden.tensor("input.\($0)")) }
    let builder = GraphBuilder()
    let traced = try module(
      Weights(inventory, path: "weight"), inputs.map { builder.input($0, $1.shape, $1.elementType) })
    let graph = try builder.finish(traced)
    #expect(ignoringMissing || inventory.report.isComplete, "\(inventory.report)", sourceLocation: sourceLocation)
    for backend in try Self.backends() {
      let plan = try backend.plan(graph, weights: backend.upload(golden, for: graph))
      let results = try plan.run(Dictionary(uniqueKeysWithValues: inputs))
      for (name, result) in zip(outputs, results) {
        let expected = try golden.tensor(name)
        #expect(result.shape == expected.shape, sourceLocation: sourceLocation)
        let distance = Comparison(result.floats, expected.floats).relativeL2
        #expect(distance < 1e-5, "\(name) on \(type(of: backend))", sourceLocation: sourceLocation)
      }
    }
  }
}

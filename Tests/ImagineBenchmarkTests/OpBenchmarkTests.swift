import Imagine
import ImagineGraph
import ImagineTesting
import Testing

@testable import ImagineBenchmark
@testable import ImagineEngine

@Suite struct OpBenchmarkTests {
  private let options = Pipeline.Options(device: .cpu, precision: .float32, threads: 1)

  @Test("The rows that the filter names are timed, with what they cost")
  func table() throws {
    var benchmark = OpBenchmark(options), names: [String] = []
    benchmark.filter = "linear [2, 5, 7] -> 11"
    benchmark.repeats = 1
    // With and without a bias and a residual.
    let rows = 4 * (Activation.allCases.count + 1)
    let result = try benchmark.run { names.append($0) }
    #expect(result.operations.count == rows && result.isProfiled)
    #expect(names.suffix(rows) == result.operations.map(\.name)[...])
    for operation in result.operations {
      #expect(operation.count == nil && operation.obstacle == nil)
      #expect(try #require(operation.seconds) > 0)
      #expect(operation.flops == 2 * 10 * 7 * 11 && operation.roofSeconds > 0)
    }
    #expect(result.ceiling.flopsPerSecond > 0 && result.ceiling.bytesPerSecond > 0)
  }

  @Test func anUnknownNameIsAnError() throws {
    var benchmark = OpBenchmark(options)
    benchmark.filter = "no such operation"
    #expect(throws: ImagineError.self) { try benchmark.run { _ in } }
    var check = OpCheck(options)
    check.filter = "no such operation"
    #expect(throws: ImagineError.self) { try check.run { _, _ in } }
  }

  @Test("Every operation of a model is found, each kind of it once, and can stand alone")
  func modelOperations() throws {
    let backend = try OpenedDevice(options.settings).backend
    let operations = try ModelOperation.stableDiffusion15(on: backend, .float32)
    #expect(operations.count > 80)
    #expect(operations.reduce(0) { $0 + $1.count } > 500)
    let small = operations.filter { $0.name.contains("[2, 8, 8, 1280]") }
    #expect(small.count > 5)
    for operation in small {
      let timed = try operation.timed(.float32)
      #expect(timed.graph.nodes.last?.op.name == String(operation.name.split(separator: " ")[2]))
    }
    // Together they are the model.
    let flops = try operations.filter { $0.name.hasPrefix("sd15 unet") }
      .reduce(0) { try $0 + Double($1.count) * Self.flops($1) }
    #expect((1.60e12...1.61e12).contains(flops))
  }

  private static func flops(_ operation: ModelOperation) throws -> Double { try operation.graph(.float32).cost.flops }

  @Test("One value may be several operands")
  func repeatedOperands() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [1, 4, 8])
    let graph = try builder.finish([x.attention(keys: x, values: x, heads: 2)])
    let operation = try #require(ModelOperation.operations(of: graph, "unet").first)
    let timed = try operation.timed(.float32)
    #expect(timed.graph.inputs.count == 1 && timed.inputs.count == 1 && timed.graph.cost == graph.cost)
  }
}

@Suite struct OpCheckTests {
  @Test("The processor agrees with the reference")
  func agrees() throws {
    var check = OpCheck(Pipeline.Options(device: .cpu, threads: 1)), progress: [Int] = []
    check.filter = "matmul"
    check.skipsLarge = true
    let result = try check.run { done, all in progress += [done, all] }
    #expect(result.isCorrect && result.mismatches == [])
    #expect(result.agreeing > 0 && result.agreeing == 2 * result.unsupported.count)
    #expect(result.unsupported.allSatisfy { $0.contains("float16") })
    let count = result.agreeing + result.unsupported.count
    #expect(progress == [count, count])
  }

  @Test("A backend that is wrong is found out, whatever is wrong with it", arguments: Flaw.allCases)
  func mistakes(_ flaw: Flaw) throws {
    let opCase = try #require(OpCase.small.first { $0.name.hasPrefix("silu") && $0.precision == .float32 })
    let outcome = try OpCheck.outcome(of: opCase, .init { try opCase.expectedResults() }, on: FlawedBackend(flaw: flaw))
    guard case .differs(let description) = outcome else {
      Issue.record("\(flaw) was not noticed: \(outcome)")
      return
    }
    #expect(!description.isEmpty)
  }
}

enum Flaw: CaseIterable { case wrongValues, notANumber, tooFewResults, differentTwice, readsWhatWasNotWritten }

/// Computes with the reference, and spoils the results.
private struct FlawedBackend: Backend {
  let flaw: Flaw
  private let reference = try? OpenedDevice(Pipeline.Options(device: .cpu, precision: .float32, threads: 1).settings)
    .backend

  init(flaw: Flaw) { self.flaw = flaw }

  private var backend: any Backend {
    get throws { try #require(reference) }
  }

  func supports(_ op: Op, _ operands: [TensorType]) -> Bool { true }

  func upload(_ weights: any WeightSource, for graph: Graph) throws -> any DeviceWeights {
    try backend.upload(weights, for: graph)
  }

  func plan(_ graph: Graph, weights: any DeviceWeights) throws -> any Plan {
    FlawedPlan(flaw, try backend.plan(graph, weights: weights))
  }
}

private final class FlawedPlan: PoisonablePlan, @unchecked Sendable {
  private let flaw: Flaw
  private let plan: any Plan
  private var runs = 0

  init(_ flaw: Flaw, _ plan: any Plan) {
    self.flaw = flaw
    self.plan = plan
  }

  var peakBytes: Int { plan.peakBytes }

  func run(_ inputs: [String: HostTensor]) throws -> [HostTensor] {
    runs += 1
    let results = try plan.run(inputs)
    return switch flaw {
    case .wrongValues: results.map { $0.replacingFirst { $0 + 0.1 } }
    case .notANumber: results.map { $0.replacingFirst { _ in .nan } }
    case .tooFewResults: []
    case .differentTwice: runs == 1 ? results : results.map { $0.replacingFirst { $0.nextUp } }
    case .readsWhatWasNotWritten: results
    }
  }

  func runInPoisonedMemory(_ inputs: [String: HostTensor]) throws -> [HostTensor] {
    let results = try run(inputs)
    return flaw == .readsWhatWasNotWritten ? results.map { $0.replacingFirst { _ in .nan } } : results
  }
}

extension HostTensor {
  fileprivate func replacingFirst(_ change: (Float) -> Float) -> HostTensor {
    var values = floats
    if let first = values.first { values[0] = change(first) }
    return HostTensor(shape, values)
  }
}

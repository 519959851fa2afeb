import ImagineGraph
import Synchronization
import Testing

@testable import Imagine
@testable import ImagineEngine
@testable import ImagineCPU

/// A cancelled request leaves the processor to the next one at once: between two operations, not after a step.
@Suite struct CancellationTests {
  /// The processor, telling of each operation before it is run.
  private struct ObservedBackend: Backend {
    let base: CPUBackend
    let observe: @Sendable () -> Void

    func supports(_ op: Op, _ operands: [TensorType]) -> Bool { base.supports(op, operands) }

    func upload(_ weights: any WeightSource, for graph: Graph) throws -> any DeviceWeights {
      try base.upload(weights, for: graph)
    }

    func plan(_ graph: Graph, weights: any DeviceWeights) throws -> any Plan {
      ObservedPlan(base: try base.preparedPlan(graph, weights: weights), observe: observe)
    }
  }

  private final class ObservedPlan: Plan {
    let base: CPUPlan
    let observe: @Sendable () -> Void

    init(base: CPUPlan, observe: @escaping @Sendable () -> Void) {
      self.base = base
      self.observe = observe
    }

    var peakBytes: Int { base.peakBytes }
    var keptBytes: Int { base.keptBytes }

    func run(_ inputs: [String: HostTensor]) throws -> [HostTensor] {
      try base.run(inputs) { step, frame in
        observe()
        try step.kernel(frame)
      }
    }

    func profile(_ inputs: [String: HostTensor]) throws -> (results: [HostTensor], timings: [OpTiming]) {
      try base.profile(inputs)
    }
  }

  /// Which request an operation is run for.
  @TaskLocal private static var request = 0

  @Test("The next request waits for one operation at most", arguments: [1, 3, 60, 400])
  func nextRequestStartsAtOnce(_ last: Int) async throws {
    let counts = Mutex<[Int: Int]>([:])
    let backend = ObservedBackend(base: try CPUBackend(threads: 2)) {
      let request = Self.request
      let count = counts.withLock { counts in
        counts[request, default: 0] += 1
        return counts[request]
      }
      if request == 1, count == last { withUnsafeCurrentTask { $0?.cancel() } }
    }
    let device = OpenedDevice(backend, name: "the processor, observed", preferredPrecision: .float32)
    let pipeline = try await Pipeline(OpenedModel(TinyModel.file), Pipeline.Options(), on: device)
    await Self.$request.withValue(1) {
      await #expect(throws: CancellationError.self) { try await pipeline.image(TinyModel.request) }
    }
    #expect(counts.withLock { $0[1] } == last)
    let image = try await Self.$request.withValue(2) { try await pipeline.image(TinyModel.request) }
    let options = Pipeline.Options(device: .cpu, precision: .float32, threads: 2)
    let undisturbed = try await Pipeline(model: TinyModel.file, options: options).image(TinyModel.request)
    #expect(image.pixels == undisturbed.pixels)
    #expect(counts.withLock { $0[1] } == last)
  }

  @Test("Reading weights stops at the next weight")
  func loadingStops() async throws {
    /// Cancels the task it is read in, and counts.
    final class Source: WeightSource {
      let reads = Mutex(0)
      func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
        reads.withLock { $0 += 1 }
        withUnsafeCurrentTask { $0?.cancel() }
      }
    }
    let builder = GraphBuilder(precision: .float32)
    var x = builder.input("x", [3, 32])
    for layer in 0..<20 { x = x.linear(Parameter(path: "\(layer).weight", shape: [32, 32]), bias: nil) }
    let graph = try builder.finish([x]), source = Source(), backend = try CPUBackend(threads: 1)
    let task = Task { _ = try backend.plan(graph, weights: backend.upload(source, for: graph)) }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(source.reads.withLock { $0 } == 1)
  }
}

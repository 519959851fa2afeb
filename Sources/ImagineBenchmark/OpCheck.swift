import Foundation
package import Imagine
import ImagineEngine
import ImagineGraph
import ImagineTesting
import Synchronization

/// Compares a device with the reference interpreter over the table of operations: in memory filled with NaN, and twice.
package struct OpCheck: Sendable {
  package struct Result: Sendable, Encodable {
    package let device: String
    package let agreeing: Int
    /// What the device does not compute, with its reason.
    package let unsupported: [String]
    /// What is wrong, with the case it is wrong in.
    package let mismatches: [String]
    /// Kernels that work in memory instead of registers, by which they are several times slower.
    package let kernelsInLocalMemory: [String]

    package var isCorrect: Bool { mismatches.isEmpty && kernelsInLocalMemory.isEmpty }
  }

  enum Outcome: Sendable {
    case agrees
    case isUnsupported(String)
    case differs(String)
  }

  package var options: Engine.Options
  /// Only cases with this in their name.
  package var filter: String?
  /// Whether the cases are left out that keep the interpreter, or a software driver, busy for long.
  package var skipsLarge = false

  package init(_ options: Engine.Options) { self.options = options }

  /// - Parameter onProgress: told how many cases of how many are done.
  /// - Throws: `ImagineError` if the device cannot be opened, is lost on the way, or no case has the filter's text.
  package func run(onProgress: (Int, Int) -> Void) throws -> Result {
    try ImagineError.translating {
      var options = options
      options.inspectsKernels = true
      let device = try OpenedDevice(options.settings)
      let cases = self.cases
      guard !cases.isEmpty else {
        throw ImagineError(.invalidRequest, "No case of the table has \"\(filter ?? "")\" in its name.")
      }
      var agreeing = 0, unsupported: [String] = [], mismatches: [String] = []
      // The interpreter is slow and takes all processors, the device then checks what it has made.
      let batch = 64
      for first in stride(from: 0, to: cases.count, by: batch) {
        let part = Array(cases[first..<min(first + batch, cases.count)])
        for (opCase, expected) in zip(part, expectations(of: part)) {
          try Task.checkCancellation()
          switch try Self.outcome(of: opCase, expected, on: device.backend) {
          case .agrees: agreeing += 1
          case .isUnsupported(let reason): unsupported.append("\(opCase): \(reason)")
          case .differs(let description): mismatches.append("\(opCase): \(description)")
          }
        }
        onProgress(first + part.count, cases.count)
      }
      return Result(
        device: device.name, agreeing: agreeing, unsupported: unsupported, mismatches: mismatches,
        kernelsInLocalMemory: (device.backend as? any KernelInspection)?.kernelsInLocalMemory ?? [])
    }
  }

  private var cases: [OpCase] {
    (skipsLarge ? OpCase.small : OpCase.all).filter { opCase in
      (options.precision.map { $0.graph == opCase.precision } ?? true)
        && (filter.map { opCase.name.localizedCaseInsensitiveContains($0) } ?? true)
    }
  }

  private func expectations(of cases: [OpCase]) -> [Swift.Result<[HostTensor], any Error>] {
    let results = Mutex<[Int: Swift.Result<[HostTensor], any Error>]>([:])
    DispatchQueue.concurrentPerform(iterations: cases.count) { index in
      let result = Swift.Result { try cases[index].expectedResults() }
      results.withLock { $0[index] = result }
    }
    return results.withLock { results in cases.indices.compactMap { results[$0] } }
  }

  static func outcome(
    of opCase: OpCase, _ expected: Swift.Result<[HostTensor], any Error>, on backend: any Backend
  ) throws -> Outcome {
    do {
      let expected = try expected.get(), graph = try opCase.graph(), inputs = opCase.inputs(for: graph)
      let plan = try backend.plan(graph, weights: backend.upload(opCase.weights(for: graph), for: graph))
      let results = try (plan as? any PoisonablePlan)?.runInPoisonedMemory(inputs) ?? plan.run(inputs)
      guard results.count == expected.count else {
        return .differs("\(results.count) results instead of \(expected.count)")
      }
      let tolerance = Tolerance(opCase.precision)
      for (result, expected) in zip(results, expected) {
        if let mismatch = result.mismatch(with: expected, tolerance) { return .differs(mismatch) }
      }
      return try plan.run(inputs) == results ? .agrees : .differs("a second run differs from the first")
    } catch let error as any BackendFailure where error.failure == .unsupported {
      return .isUnsupported("\(error)")
    } catch let error as any BackendFailure where error.failure != .deviceLost {
      return .differs("\(error)")
    }
  }
}

import Foundation
package import Imagine
import ImagineEngine
import ImagineGraph
import ImagineTesting

/// Times single operations: the table that backends are tested with, what Stable Diffusion 1.5 computes for a picture of
/// 512 x 512 pixels, and copies of large memory.
package struct OpBenchmark: Sendable {
  package struct Result: Sendable, Encodable {
    package let device: String
    package let precision: Imagine.Precision
    package let ceiling: DeviceCeiling
    /// Whether times are of the operation alone, or of a run with values coming and going.
    package let isProfiled: Bool
    package let operations: [Operation]
  }

  package struct Operation: Sendable, Encodable {
    package let name: String
    /// How often a picture's networks compute this, each run once; nil for what is no part of a model.
    package let count: Int?
    /// Nil if the device cannot compute it.
    package let seconds: Double?
    /// Meanwhile; nil without tile registers.
    package let tiles: TileState?
    package let flops: Double
    package let bytes: Double
    /// The shortest time possible under the device's ceiling.
    package let roofSeconds: Double
    /// Why there is no time.
    package let obstacle: String?
  }

  package var options: Engine.Options
  /// Only what has this in its name; `sd15` is in the names of all that a model computes, `copy` in those of copies.
  package var filter: String?
  package var repeats = 5

  package init(_ options: Engine.Options) { self.options = options }

  /// - Parameter onProgress: told the name of each operation before it is timed.
  /// - Throws: `ImagineError`.
  package func run(onProgress: (String) -> Void) throws -> Result {
    try ImagineError.translating {
      let device = try OpenedDevice(options.settings)
      let precision = options.precision ?? Imagine.Precision(device.preferredPrecision)
      let sources = try self.sources(device, precision.graph)
      guard !sources.isEmpty else {
        throw ImagineError(
          .invalidRequest, "No operation has \"\(filter ?? "")\" in its name: `imagine bench ops` lists all names.")
      }
      onProgress("the device's ceiling")
      let ceiling = try DeviceCeiling(measuring: device.backend, precision: precision.graph)
      var isProfiled = true
      let operations = try sources.map { source in
        try Task.checkCancellation()
        onProgress(source.name)
        return try time(source.make(), device.backend, ceiling, &isProfiled)
      }
      return Result(
        device: device.name, precision: precision, ceiling: ceiling, isProfiled: isProfiled, operations: operations)
    }
  }

  /// What is to be timed; values are made when it is its turn, since those of all would be many.
  private func sources(
    _ device: OpenedDevice, _ precision: ImagineGraph.Precision
  ) throws -> [(name: String, make: () throws -> TimedOperation)] {
    let table = OpCase.all.filter { $0.precision == precision }
      .map { opCase in (opCase.name, { try TimedOperation(opCase) }) }
    let model = try ModelOperation.stableDiffusion15(on: device.backend, precision)
      .map { operation in (operation.name, { try operation.timed(precision) }) }
    let copies = LargeCopy.allCases.map { copy in (copy.name, { try copy.timed(precision) }) }
    return (model + copies + table).filter { name, _ in filter.map { name.localizedCaseInsensitiveContains($0) } ?? true
    }
  }

  private func time(
    _ operation: TimedOperation, _ backend: any Backend, _ ceiling: DeviceCeiling, _ isProfiled: inout Bool
  ) throws -> Operation {
    let cost = try operation.graph.optimized(for: backend.supports).cost
    var seconds: Double?, tiles: TileState?, obstacle: String?
    do {
      let weights = try backend.upload(operation.weights, for: operation.graph)
      let plan = try backend.plan(operation.graph, weights: weights)
      (seconds, tiles) = try TileUnit(backend).around { try time(plan, operation, &isProfiled) }
    } catch let error as any BackendFailure where error.failure == .unsupported || error.failure == .outOfMemory {
      obstacle = "\(error)"
    }
    return Operation(
      name: operation.name, count: operation.count, seconds: seconds, tiles: tiles,
      flops: cost.flops, bytes: cost.bytes, roofSeconds: ceiling.seconds(cost), obstacle: obstacle)
  }

  /// The time on the device where it has a clock, so that values on their way do not count.
  private func time(_ plan: any Plan, _ operation: TimedOperation, _ isProfiled: inout Bool) throws -> Double {
    // Devices that have been idle run slowly at first: making ready took longer than the operation does.
    let start = ContinuousClock.now
    repeat { _ = try plan.run(operation.inputs) } while start.duration(to: .now) < .milliseconds(50)
    do {
      return try plan.timings(operation.inputs, repeats: repeats)
        .reduce(0) { $0 + ($1.op == "input" ? 0 : $1.duration / .seconds(1)) }
    } catch is ProfilingUnavailable {
      isProfiled = false
      return try Timing(repeats: repeats) { _ = try plan.run(operation.inputs) }.median
    }
  }
}

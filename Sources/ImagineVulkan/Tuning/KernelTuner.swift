import CVulkan
import Foundation
import ImagineGraph

/// Times the ways to compute products and attention on a device's matrix units.
///
/// A product is run many times in a row on random numbers, with weights that change from run to run, as a network's do: a
/// device that idles in between runs slowly, and one that finds its weights in a cache too fast.
final class KernelTuner {
  let context: VulkanContext
  let operands: DeviceBuffer
  let results: DeviceBuffer
  /// Of what a way is reckoned to take, as the last shape took it.
  private var secondsPerSum = 1 / 1.4e12

  /// Bytes of random numbers that the operands are filled with, again and again.
  private static let patternBytes = 8 << 20

  /// - Parameters:
  ///   - shapes: of the products that will be timed.
  ///   - attentions: likewise.
  /// - Throws: `VulkanError`, also if the device has no room for the largest.
  init(for shapes: [ProductShape], _ attentions: [AttentionShape], _ context: VulkanContext) throws {
    self.context = context
    let places = shapes.map { TunedProductPlaces($0, context) }
    let operandBytes = places.map(\.operandBytes) + attentions.map { 3 * $0.largestBytes }
    let resultBytes = places.map(\.resultBytes) + attentions.map(\.largestBytes)
    operands = try DeviceBuffer(operandBytes.max() ?? 0, .device, for: "timing kernels", on: context.device)
    results = try DeviceBuffer(resultBytes.max() ?? 0, .device, for: "timing kernels", on: context.device)
    try fill()
  }

  private func fill() throws {
    let device = context.device, count = min(Self.patternBytes, operands.byteCount)
    let pattern = try DeviceBuffer(count, .upload, for: "timing kernels", on: device)
    guard let address = pattern.address else { throw VulkanError(.failed, "Memory for uploads is not visible.") }
    var generator = SystemRandomNumberGenerator()
    let halves = address.assumingMemoryBound(to: UInt16.self)
    // Signs and fractions are random, exponents around one: as far as power goes, any numbers of that size are alike.
    for index in 0..<count / 2 { halves[index] = UInt16.random(in: .min ... .max, using: &generator) & 0x8fff | 0x3000 }
    try device.runOnce("filling memory") { buffer in
      for start in stride(from: 0, to: operands.byteCount, by: count) {
        device.copy(
          BufferSpan(pattern, byteCount: count),
          to: BufferSpan(operands, offset: start, byteCount: min(count, operands.byteCount - start)), in: buffer)
      }
      device.barrier(buffer)
    }
  }

  /// Compiles what all these ways need, on all of the processor's cores.
  func prepare(_ candidates: [TuningCandidate]) throws {
    try context.pipelines.prepare(
      candidates.flatMap { try $0.dispatches(0) }.flatMap { dispatch in
        try dispatch.pieces(context.device, context.pace).map { PipelineKey(dispatch.kernel, $0) }
      })
  }

  /// Seconds of one run of each of these ways to do the same.
  ///
  /// All are submitted at once, one after the other and all once more, of which the faster counts: a device that idles in
  /// between lowers its clock.
  func seconds(_ candidates: [TuningCandidate]) throws -> [Double] {
    let trials = try candidates.map { try Trial($0, runs: runs($0), context) }
    var best = [Double](repeating: .infinity, count: trials.count)
    for _ in 0..<2 {
      try context.device.locked {
        try context.device.submit(trials.flatMap { $0.commands.submissions(context.pace) }, "timing kernels")
      }
      for (index, trial) in trials.enumerated() { best[index] = min(best[index], try trial.seconds()) }
    }
    if let first = candidates.first, let seconds = best.first { secondsPerSum = seconds / max(first.expectedSums, 1) }
    return best
  }

  /// Keeps the device busy with one way until it has reached its clock.
  func warmUp(_ candidate: TuningCandidate) throws {
    let start = ContinuousClock.now
    while start.duration(to: .now) < .milliseconds(500) { _ = try seconds([candidate]) }
  }

  /// As many as take a trial about two milliseconds.
  private func runs(_ candidate: TuningCandidate) -> Int {
    max(6, min(150, Int(2e-3 / max(candidate.expectedSums * secondsPerSum, 1e-7))))
  }

  /// Runs of one way, recorded with the device's clock around them.
  private final class Trial {
    let commands: CommandSequence
    private let descriptors: DescriptorSets
    private let queries: TimestampQueries
    private let runs: Int

    init(_ candidate: TuningCandidate, runs: Int, _ context: VulkanContext) throws {
      let dispatches = try (0..<runs).flatMap { try candidate.dispatches($0) }
      let queries = try TimestampQueries(2, on: context.device)
      descriptors = try DescriptorSets(dispatches, context.pipelines, on: context.device)
      commands = try context.record(dispatches, descriptors) {
        queries.write(0, into: $0)
      } after: {
        context.device.barrier($0)
        queries.write(1, into: $0)
      }
      self.queries = queries
      self.runs = runs
    }

    func seconds() throws -> Double {
      let times = try queries.values()
      return queries.duration(from: times[0], to: times[1]) / .seconds(1) / Double(runs)
    }
  }
}

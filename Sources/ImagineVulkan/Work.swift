import Foundation
import ImagineGraph

/// What a dispatch does to a device: arithmetic and memory traffic.
struct Work: Hashable {
  var operations = 0.0
  var bytes = 0.0

  static func + (left: Work, right: Work) -> Work {
    Work(operations: left.operations + right.operations, bytes: left.bytes + right.bytes)
  }

  static func * (work: Work, share: Double) -> Work {
    Work(operations: work.operations * share, bytes: work.bytes * share)
  }
}

extension Node {
  /// Floating-point operations of the products in it, a multiplication and an addition counted as two; 0 for what memory
  /// bounds.
  func productOperations(_ operands: [Shape]) -> Double {
    let results = 2 * Double(type.shape.count)
    return switch op {
    case .linear: results * Double(operands[0].last)
    case .conv2d: results * Double(operands[1].dimensions.dropFirst().reduce(1, *))
    case .matmul: results * Double(operands[0].last)
    case .attention: 2 * results * Double(operands[1][1])
    case .input, .parameter, .groupNorm, .layerNorm, .activation, .softmax, .add, .multiply, .scale, .concat,
      .upsampleNearest, .embedding, .timestepEmbedding, .cast, .reshape, .permute, .slice, .geglu:
      0
    }
  }
}

/// How long a device is thought to take, so that nothing it is given at once runs until a watchdog takes it for hung.
///
/// Begins with what slow devices of a kind do, and learns from the first plan that runs long enough to tell.
final class WorkPace: @unchecked Sendable {
  /// Seconds of one submission. Watchdogs wait for two or more, and a desktop should not stutter.
  let submission: Double
  /// Seconds of one dispatch: what a device cannot interrupt.
  let dispatch: Double
  /// Seconds of one command buffer, from which submissions are put together.
  let commands: Double

  private let operationsPerSecond: Double
  private let bytesPerSecond: Double
  private let lock = NSLock()
  private var measuredFactor = 1.0

  /// - Parameter share: of the usual times.
  init(_ kind: VulkanPhysicalDevice.Kind, share: Double) {
    let share = min(max(share, 0.001), 1)
    submission = 0.2 * share
    dispatch = 0.1 * share
    commands = 0.05 * share
    (operationsPerSecond, bytesPerSecond) =
      switch kind {
      case .discrete, .virtual: (2e12, 100e9)
      case .integrated, .other: (0.3e12, 20e9)
      case .cpu: (0.02e12, 4e9)
      }
  }

  /// How many times as long as first thought the device takes.
  var factor: Double { lock.withLock { measuredFactor } }

  /// Seconds that the device is first thought to take.
  func assumedSeconds(_ work: Work) -> Double {
    max(work.operations / operationsPerSecond, work.bytes / bytesPerSecond)
  }

  /// Learns from work thought to take `assumed` seconds. What is shorter than this says more about starting than about
  /// the device's speed.
  func learn(assumed: Double, measured: Double) {
    guard assumed > 0.01, measured > 0 else { return }
    lock.withLock { measuredFactor = min(max(measured / assumed, 0.001), 1000) }
  }
}

import Foundation
package import ImagineGraph

/// A product or attention of a network that was timed in all ways worth trying.
package struct TunedKernel: Sendable {
  /// What its time depends on, in words.
  package let name: String
  /// How often the networks compute it.
  package let count: Int
  /// The fastest way, in words.
  package let choice: String
  /// Of the way that is chosen without measuring, and of the fastest.
  package let usualSeconds: Double, seconds: Double
}

extension VulkanBackend {
  /// Times the products and attention of these graphs on the device, and keeps how each is fastest beside the compiled
  /// kernels, for backends that are opened later.
  ///
  /// Returns nothing for a device that is not used through matrix units: there is nothing to choose from.
  /// - Throws: `VulkanError`, also if there is no folder to keep it in.
  package func tune(_ graphs: [Graph], onProgress: (_ done: Int, _ of: Int) throws -> Void) throws -> [TunedKernel] {
    guard context.productDevice.units != nil else { return [] }
    guard let folder = context.configuration.pipelineCache else {
      throw VulkanError(.failed, "There is no place to keep what is measured: set HOME or XDG_CACHE_HOME to a folder.")
    }
    let optimized = try graphs.map { try $0.optimized(for: supports) }
    let products = Occurrences(optimized.flatMap { $0.productShapes(context) })
    let attentions = Occurrences(optimized.flatMap { $0.attentionShapes })
    let tuner = try KernelTuner(for: products.order, attentions.order, context)
    let kernels =
      products.order.map { (name: "\($0)", count: products.counts[$0] ?? 0, ways: tuner.candidates(for: $0)) }
      + attentions.order.map { (name: "\($0)", count: attentions.counts[$0] ?? 0, ways: tuner.candidates(for: $0)) }
    try tuner.prepare(kernels.flatMap(\.ways))
    if let first = kernels.first?.ways.first { try tuner.warmUp(first) }
    var table = TuningTable(in: folder, for: device) ?? TuningTable()
    let tuned = try kernels.enumerated().compactMap { index, kernel -> TunedKernel? in
      try onProgress(index, kernels.count)
      let times = try tuner.seconds(kernel.ways)
      guard let usual = times.first, var best = times.indices.min(by: { times[$0] < times[$1] }) else { return nil }
      if times[best] > usual * Self.worthChanging { best = 0 }
      kernel.ways[best].keep(&table)
      return TunedKernel(
        name: kernel.name, count: kernel.count, choice: kernel.ways[best].words, usualSeconds: usual,
        seconds: times[best])
    }
    do {
      try table.save(in: folder, for: device)
    } catch {
      throw VulkanError(.failed, "What was measured cannot be kept in '\(folder.path)': \(error.localizedDescription)")
    }
    return tuned
  }

  /// The share of the usual way's time above which another is not worth it: two timings of one way differ by as much.
  private static let worthChanging = 0.98
}

/// Different values in order, and how often each occurs.
private struct Occurrences<Value: Hashable> {
  private(set) var order: [Value] = []
  private(set) var counts: [Value: Int] = [:]

  init(_ values: [Value]) {
    for value in values {
      if counts[value] == nil { order.append(value) }
      counts[value, default: 0] += 1
    }
  }
}

extension Graph {
  fileprivate var attentionShapes: [AttentionShape] {
    nodes.compactMap { node in
      guard case .attention(let heads, let causal) = node.op else { return nil }
      return AttentionShape(
        self[node.operands[0]].type, self[node.operands[1]].type, heads: heads, causal: causal)
    }
  }

  /// Of products on matrix units, in order of use.
  fileprivate func productShapes(_ context: VulkanContext) -> [ProductShape] {
    nodes.flatMap { node -> [ProductShape] in
      let operands = node.operands.map { self[$0].type }
      if case .attention(let heads, let causal) = node.op {
        return WideAttention(operands[0], operands[1], heads: heads, causal: causal, context)?.products ?? []
      }
      guard let shape = ProductShape(node.op, operands, node.type) else { return [] }
      if case .matrix = ProductVariant(for: shape, on: context.productDevice).kernel { return [shape] }
      return []
    }
  }
}

extension MatrixTile {
  /// Such as `128x160x64, 4x2 subgroups, 4 parts`.
  func words(parts: Int) -> String {
    "\(rows)x\(columns)x\(depth), \(subgroupRows)x\(subgroupColumns) subgroups" + (parts > 1 ? ", \(parts) parts" : "")
  }
}

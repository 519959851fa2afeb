package import ImagineGraph

/// A product of a network that was timed in all ways worth trying.
package struct TunedProduct: Sendable {
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
  /// Times the products of these graphs on the device, and keeps how each is fastest beside the compiled kernels, for backends
  /// that are opened later.
  ///
  /// Returns nothing for a device that is not used through matrix units: there is nothing to choose from.
  /// - Throws: `VulkanError`, and what writing the file throws.
  package func tune(_ graphs: [Graph], onProgress: (_ done: Int, _ of: Int) throws -> Void) throws -> [TunedProduct] {
    guard context.productDevice.units != nil else { return [] }
    var order: [ProductShape] = [], counts: [ProductShape: Int] = [:]
    for graph in graphs {
      for shape in try graph.optimized(for: supports).productShapes(context) {
        if counts[shape] == nil { order.append(shape) }
        counts[shape, default: 0] += 1
      }
    }
    let tuner = try ProductTuner(for: order, context)
    var table = configuredTable ?? ProductTable()
    let products = order.map { (shape: $0, candidates: tuner.candidates(for: $0)) }
    try tuner.prepare(products)
    if let first = products.first { try tuner.warmUp(first.shape, first.candidates) }
    let tuned = try products.enumerated().compactMap { index, product -> TunedProduct? in
      try onProgress(index, products.count)
      let times = try tuner.seconds(product.shape, product.candidates)
      guard let usual = times.first, let best = times.indices.min(by: { times[$0] < times[$1] }) else { return nil }
      let (tile, parts) = product.candidates[best]
      table[product.shape] = ProductTable.Choice(tile, parts: parts)
      return TunedProduct(
        name: product.shape.description, count: counts[product.shape] ?? 0, choice: tile.words(parts: parts),
        usualSeconds: usual, seconds: times[best])
    }
    if let folder = context.configuration.pipelineCache { try table.save(in: folder, for: device) }
    return tuned
  }

  private var configuredTable: ProductTable? {
    context.configuration.pipelineCache.flatMap { ProductTable(in: $0, for: device) }
  }
}

extension Graph {
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
  fileprivate func words(parts: Int) -> String {
    "\(rows)x\(columns)x\(depth), \(subgroupRows)x\(subgroupColumns) subgroups" + (parts > 1 ? ", \(parts) parts" : "")
  }
}

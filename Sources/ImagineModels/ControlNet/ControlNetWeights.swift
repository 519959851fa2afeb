package import ImagineGraph

/// Weights of a ControlNet that its file keeps as a difference to those of the model's UNet: as a sum that is wanting one
/// summand ("difference" files), or as pairs of matrices (Stability's Control-LoRA).
///
/// Both are computed in 32 bits and rounded once.
package struct ControlNetWeights: WeightSource {
  /// How a file keeps its weights.
  package enum Form: Sendable, Hashable {
    case whole
    /// Weights whose names the UNet has, too, are to be added to it.
    case difference
    /// `name.up` times `name.down` is to be added to the UNet's; weights that are there whole are meant as they are.
    case lora
  }

  private let own: any WeightSource
  private let shapes: [String: Shape]
  private let base: any WeightSource
  private let baseShapes: [String: Shape]
  private let form: Form

  /// - Parameters:
  ///   - shapes: of the file's tensors by canonical path.
  ///   - base: the model's weights; `baseShapes`: those of them that its UNet reads, by path.
  package init(
    _ own: any WeightSource, _ shapes: [String: Shape], base: any WeightSource, _ baseShapes: [String: Shape],
    _ form: Form
  ) {
    self.own = own
    self.shapes = shapes
    self.base = base
    self.baseShapes = baseShapes
    self.form = form
  }

  /// The shapes of the weights, by canonical path, as if the file had them whole.
  package var wholeShapes: [String: Shape] {
    guard form == .lora else { return shapes }
    var whole: [String: Shape] = [:]
    for (path, shape) in baseShapes where path.hasPrefix("unet.") && Self.isOfHalf(path) {
      whole["controlnet." + path.dropFirst("unet.".count)] = shape
    }
    for (path, shape) in shapes where !Self.isFactor(path) { whole[path] = shape }
    return whole
  }

  /// Paths of factors of which the other one is missing, or whose product has not the shape of a weight.
  package var strayFactors: [String] {
    guard form == .lora else { return [] }
    return shapes.keys.filter { path in
      guard Self.isFactor(path) else { return false }
      let weight = path.prefix(upTo: path.lastIndex(of: ".") ?? path.endIndex) + ".weight"
      return (try? factors(of: String(weight))) == nil
    }.sorted()
  }

  private static func isFactor(_ path: String) -> Bool { path.hasSuffix(".up") || path.hasSuffix(".down") }

  private static func isOfHalf(_ path: String) -> Bool {
    ["unet.conv_in.", "unet.time_embedding.linear_", "unet.add_embedding.", "unet.down_blocks.", "unet.mid_block."]
      .contains { path.hasPrefix($0) }
  }

  private func twin(_ path: String) -> String? {
    let twin = "unet." + path.dropFirst("controlnet.".count)
    return baseShapes[twin] == nil ? nil : twin
  }

  package func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
    guard let twin = twin(name), form == .difference || (form == .lora && shapes[name] == nil) else {
      return try own.read(name, as: type, into: destination)
    }
    let count = destination.count / max(type.size, 1)
    var sum = try floats(of: twin, count: count, from: base)
    if form == .difference {
      let difference = try floats(of: name, count: count, from: own)
      for index in sum.indices { sum[index] += difference[index] }
    } else {
      try add(name, to: &sum)
    }
    try write(sum, as: type, into: destination)
  }

  package func storedType(_ name: String) -> ElementType? { form == .whole ? own.storedType(name) : nil }

  package func lend<Result>(
    _ name: String, count: Int, _ body: (ElementType, UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result? { form == .whole ? try own.lend(name, count: count, body) : nil }

  // MARK: Factors

  /// Where the factors of a weight lie, and their extents; nil for weights that are the UNet's own.
  private func factors(of path: String) throws -> (up: String, down: String, out: Int, rank: Int, inner: Int)? {
    guard path.hasSuffix(".weight") else { return nil }
    let layer = path.dropLast(".weight".count), up = "\(layer).up", down = "\(layer).down"
    guard let first = shapes[up], let second = shapes[down] else {
      guard shapes[up] == nil, shapes[down] == nil else {
        throw GraphError("\(layer) has one of two factors: the file is damaged; download it again")
      }
      return nil
    }
    guard let twin = twin(path), let whole = baseShapes[twin], first.rank >= 1, second.rank >= 1, first[0] > 0,
      second[0] > 0,
      first.count == first[0] * second[0], whole[0] == first[0], whole.count == first[0] * (second.count / second[0])
    else {
      throw GraphError("the factors \(first) and \(second) of \(layer) are of no weight of the model's UNet")
    }
    return (up, down, first[0], second[0], second.count / second[0])
  }

  /// Adds the product of a weight's factors, [out, rank] and [rank, in * k * k], row by row.
  private func add(_ path: String, to sum: inout [Float]) throws {
    guard let place = try factors(of: path), sum.count == place.out * place.inner else { return }
    let up = try floats(of: place.up, count: place.out * place.rank, from: own)
    let down = try floats(of: place.down, count: place.rank * place.inner, from: own)
    sum.withUnsafeMutableBufferPointer { sum in
      down.withUnsafeBufferPointer { down in
        for row in 0..<place.out {
          for rank in 0..<place.rank {
            let factor = up[row * place.rank + rank]
            for column in 0..<place.inner {
              sum[row * place.inner + column] += factor * down[rank * place.inner + column]
            }
          }
        }
      }
    }
  }

  private func floats(of path: String, count: Int, from source: any WeightSource) throws -> [Float] {
    var values = [Float](repeating: 0, count: count)
    try values.withUnsafeMutableBytes { try source.read(path, as: .float32, into: $0) }
    return values
  }

  private func write(_ values: [Float], as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
    switch type {
    case .float32: values.withUnsafeBytes { destination.copyMemory(from: $0) }
    case .float16: values.map(HalfFloat.bits).withUnsafeBytes { destination.copyMemory(from: $0) }
    case .bfloat16: values.map(BFloat16.bits).withUnsafeBytes { destination.copyMemory(from: $0) }
    case .int32: throw GraphError("a weight holds no integers")
    }
  }
}

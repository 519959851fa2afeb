internal import ImagineCheckpoint
package import ImagineGraph

/// The weights of a model with adapters merged in: W + Σ ΔW, made anew from the model's own numbers each time that a weight
/// is read.
///
/// Nothing of the model is changed, so that taking an adapter back is to read the weights that it touched once more. What no
/// adapter touches passes through. A weight that one touches is summed up in 32 bits, in the order of the adapters, and then
/// rounded to the format that the model's own weight is stored in: it takes as much memory as without, and is what a file
/// with the adapter merged in would hold.
package struct AdaptedWeights: WeightSource {
  /// An adapter with how much of it is applied.
  package struct Applied: Sendable, Equatable {
    package let adapter: Adapter
    package let strength: AdapterStrength

    package init(_ adapter: Adapter, _ strength: AdapterStrength) {
      self.adapter = adapter
      self.strength = strength
    }

    /// Whether they are of the same file, as it was when it was opened, and bound to one model do the same to it.
    package static func == (one: Applied, other: Applied) -> Bool {
      one.strength == other.strength && one.adapter.file.version == other.adapter.file.version
    }
  }

  private struct Contribution: Sendable {
    let formula: any AdapterFormula
    let strength: Float
    let ranks: Int?
    let file: String
  }

  private let base: any WeightSource
  private let parameters: [String: Shape]
  private let contributions: [String: [Contribution]]
  private let kernels: MergeKernels

  /// - Parameters:
  ///   - base: the model's own weights.
  ///   - parameters: the shapes of all of them.
  ///   - applied: in the order in which they change them.
  ///   - features: instruction sets that may be used, as the kernels' mask of them.
  package init(_ base: any WeightSource, _ parameters: [String: Shape], _ applied: [Applied], features: UInt32) {
    self.base = base
    self.parameters = parameters
    kernels = MergeKernels(features: features)
    let unet = parameters.keys.lazy.filter { $0.hasPrefix("unet.") }.map(Self.module)
    let original = OriginalUNetNames(Array(unet))
    var contributions: [String: [Contribution]] = [:]
    for item in applied {
      for change in item.adapter.changes {
        var strength = item.strength.whole(change.network)
        if let blocks = item.strength.blocks {
          strength *= blocks.factor(network: change.network, original: original[Self.module(change.parameter)])
        }
        guard strength != 0 else { continue }
        contributions[change.parameter, default: []].append(
          Contribution(
            formula: change.formula, strength: strength, ranks: item.strength.ranks,
            file: item.adapter.file.fileName))
      }
    }
    self.contributions = contributions
  }

  /// The path of a module inside its network.
  private static func module(_ parameter: String) -> String {
    parameter.split(separator: ".").dropFirst().dropLast().joined(separator: ".")
  }

  /// The parameters that are not the model's own.
  package var touched: Set<String> { Set(contributions.keys) }

  package func storedType(_ name: String) -> ElementType? { base.storedType(name) }

  package func lend<Result>(
    _ name: String, count: Int, _ body: (ElementType, UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result? {
    contributions[name] == nil ? try base.lend(name, count: count, body) : nil
  }

  package func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
    guard contributions[name] != nil, let shape = parameters[name] else {
      return try base.read(name, as: type, into: destination)
    }
    try merge(name, shape, 0..<shape.count, as: type, into: destination)
  }

  package func read(
    _ name: String, as type: ElementType, elements: Range<Int>, of count: Int,
    into destination: UnsafeMutableRawBufferPointer
  ) throws {
    guard contributions[name] != nil, let shape = parameters[name], shape.count == count else {
      return try base.read(name, as: type, elements: elements, of: count, into: destination)
    }
    try merge(name, shape, elements, as: type, into: destination)
  }

  // MARK: Merging

  /// Numbers that are merged at once: what the nearest caches hold.
  private static let pieceLength = 1 << 17

  /// Merges the rows that some elements lie in.
  ///
  /// Rows are merged as a whole and each in the same way whichever others are, so that a weight has the same bits however it
  /// is read.
  private func merge(
    _ name: String, _ shape: Shape, _ elements: Range<Int>, as type: ElementType,
    into destination: UnsafeMutableRawBufferPointer
  ) throws {
    guard let contributions = contributions[name], type != .int32,
      destination.count == elements.count * type.size, elements.lowerBound >= 0, elements.upperBound <= shape.count,
      !elements.isEmpty, let target = destination.baseAddress
    else { return try base.read(name, as: type, elements: elements, of: shape.count, into: destination) }
    let weight = WeightShape(shape), columns = weight.columns
    let changes = try contributions.map { item in
      (item.file, try item.formula.change(weight, item.strength, ranks: item.ranks, kernels))
    }
    let isRowwise = contributions.allSatisfy(\.formula.isRowwise)
    let rows = elements.lowerBound / columns..<(elements.upperBound + columns - 1) / columns
    let pieces = isRowwise ? rows : 0..<weight.rows
    let step = isRowwise ? max(Self.pieceLength / columns, 1) : weight.rows
    let scratch = UnsafeMutableBufferPointer<Float>.allocate(capacity: min(step, pieces.count) * columns)
    defer { scratch.deallocate() }
    for start in stride(from: pieces.lowerBound, to: pieces.upperBound, by: step) {
      let piece = start..<min(start + step, pieces.upperBound), count = piece.count * columns, first = start * columns
      guard let values = scratch.baseAddress else { continue }
      try base.read(
        name, as: .float32, elements: first..<first + count, of: shape.count,
        into: UnsafeMutableRawBufferPointer(start: values, count: count * MemoryLayout<Float>.size))
      for (_, change) in changes { try change(WeightRows(range: piece, values: values, columns: columns)) }
      let wanted = elements.clamped(to: first..<first + count)
      guard !wanted.isEmpty else { continue }
      let source = UnsafeBufferPointer(rebasing: scratch[wanted.lowerBound - first..<wanted.upperBound - first])
      guard Self.fits(source, type) else { throw Self.tooLarge(name, changes.map(\.0), type) }
      try StorageFormat.float32.convert(
        UnsafeRawBufferPointer(source), to: type,
        into: UnsafeMutableRawBufferPointer(
          start: target + (wanted.lowerBound - elements.lowerBound) * type.size, count: wanted.count * type.size))
    }
  }

  /// Whether all values stay finite in a format.
  private static func fits(_ values: UnsafeBufferPointer<Float>, _ type: ElementType) -> Bool {
    let largest: Float = type == .float16 ? 65504 : .greatestFiniteMagnitude
    var isInside = true
    // Comparisons with a value that is no number are false.
    for value in values { isInside = isInside && value.magnitude <= largest }
    return isInside
  }

  private static func tooLarge(_ name: String, _ files: [String], _ type: ElementType) -> AdapterError {
    let adapters = files.map { quoted($0) }.joined(separator: " and ")
    return AdapterError(
      .invalid,
      "With \(adapters) the weight \(quoted(name)) gets values that are larger than \(type) can hold: choose a smaller weight "
        + "for the LoRA.")
  }
}

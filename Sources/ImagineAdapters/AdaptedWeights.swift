internal import CKernels
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
    guard let contributions = contributions[name], let format = type.stored, let target = destination.baseAddress,
      destination.count == elements.count * type.size, elements.lowerBound >= 0, elements.upperBound <= shape.count,
      !elements.isEmpty
    else { return try base.read(name, as: type, elements: elements, of: shape.count, into: destination) }
    let weight = WeightShape(shape)
    let changes = try contributions.map {
      try $0.formula.change(weight, $0.strength, ranks: $0.ranks, kernels)
    }
    let merging = Merging(
      weight: weight, elements: elements, changes: changes, isRowwise: contributions.allSatisfy(\.formula.isRowwise),
      format: format, limit: type == .float16 ? 65504 : .greatestFiniteMagnitude, target: target)
    // Where the model has the weight in memory anyway, it is widened from there.
    let isMerged = try base.lend(name, count: shape.count) { lentType, bytes in
      guard let lent = lentType.stored else { return false }
      try run(merging) { range, values in
        kernels.widen(
          UnsafeRawBufferPointer(rebasing: bytes[range.lowerBound * lentType.size..<range.upperBound * lentType.size]),
          lent, into: values)
      } tooLarge: {
        tooLarge(name, contributions, type)
      }
      return true
    }
    if isMerged == true { return }
    try run(merging) { range, values in
      try base.read(
        name, as: .float32, elements: range, of: shape.count, into: UnsafeMutableRawBufferPointer(values))
    } tooLarge: {
      tooLarge(name, contributions, type)
    }
  }

  /// What is to be merged of a weight.
  private struct Merging {
    let weight: WeightShape
    /// Those that are wanted.
    let elements: Range<Int>
    let changes: [RowChange]
    let isRowwise: Bool
    let format: ck_stored
    /// The largest magnitude that the format holds.
    let limit: Float
    let target: UnsafeMutableRawPointer
  }

  /// - Parameter read: gives some of the model's own numbers.
  private func run(
    _ merging: Merging, read: (Range<Int>, UnsafeMutableBufferPointer<Float>) throws -> Void,
    tooLarge: () -> AdapterError
  ) throws {
    let columns = merging.weight.columns, elements = merging.elements
    let rows = elements.lowerBound / columns..<(elements.upperBound + columns - 1) / columns
    let wanted = merging.isRowwise ? rows : 0..<merging.weight.rows
    let step = merging.isRowwise ? max(Self.pieceLength / columns, 1) : wanted.count
    let scratch = UnsafeMutableBufferPointer<Float>.allocate(capacity: min(step, wanted.count) * columns)
    defer { scratch.deallocate() }
    guard let values = scratch.baseAddress else { return }
    for start in stride(from: wanted.lowerBound, to: wanted.upperBound, by: step) {
      let piece = start..<min(start + step, wanted.upperBound)
      let all = piece.lowerBound * columns..<piece.upperBound * columns
      try read(all, UnsafeMutableBufferPointer(rebasing: scratch[..<all.count]))
      for change in merging.changes { try change(WeightRows(range: piece, values: values, columns: columns)) }
      let kept = elements.clamped(to: all)
      guard !kept.isEmpty else { continue }
      let first = values + (kept.lowerBound - all.lowerBound)
      guard ck_within(kernels.device, first, kept.count, merging.limit) else { throw tooLarge() }
      let size = merging.format == CK_STORED_F32 ? 4 : 2
      ck_store_as(
        kernels.device, first, merging.format, merging.target + (kept.lowerBound - elements.lowerBound) * size,
        kept.count)
    }
  }

  private func tooLarge(_ name: String, _ contributions: [Contribution], _ type: ElementType) -> AdapterError {
    let adapters = contributions.map { quoted($0.file) }.joined(separator: " and ")
    return AdapterError(
      .invalid,
      "With \(adapters) the weight \(quoted(name)) gets values that are larger than \(type) can hold: choose a smaller weight "
        + "for the LoRA.")
  }
}

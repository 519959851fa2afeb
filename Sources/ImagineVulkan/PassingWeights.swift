import ImagineGraph

/// Where weights that stay in the host's memory are while an operation uses them: one of two places in turn, so that those of
/// the next come over while one computes.
final class PassingWeights {
  private let places: [DeviceBuffer]
  private let context: VulkanContext
  private var turn = 0, used = 0
  private var copies: [Dispatch] = []

  /// The link to the host is thought to be so many times slower than the device's memory.
  private static let linkSlowness = 8.0

  /// - Parameter places: two, with room for all that one operation uses. Commands that never run at once may share them.
  init(_ places: [DeviceBuffer], _ context: VulkanContext) {
    self.places = places
    self.context = context
  }

  /// Where a weight of the operation at hand will be when it runs.
  func place(for weight: BufferSpan) throws -> BufferSpan {
    let place = BufferSpan(places[turn], offset: used, byteCount: weight.byteCount)
    used += context.aligned(weight.byteCount)
    copies.append(try copy(weight, to: place))
    return place
  }

  /// Ends the operation at hand.
  ///
  /// - Returns: the copies that it needs, which may run while the one before it does.
  func finishOperation() -> [Dispatch] {
    guard !copies.isEmpty else { return [] }
    defer { (turn, used, copies) = (1 - turn, 0, []) }
    return copies
  }

  /// In whole vectors: weights begin and end where others may, so that there is room for a last one.
  private func copy(_ weight: BufferSpan, to place: BufferSpan) throws -> Dispatch {
    let byteCount = context.aligned(weight.byteCount), vectors = byteCount / 16
    var dispatch = Dispatch(
      "copy_f32", [0: 1], [BufferSpan(weight.buffer, offset: weight.offset, byteCount: byteCount)],
      result: BufferSpan(place.buffer, offset: place.offset, byteCount: byteCount),
      constants: [try vectors.word, try vectors.word, 0, 0, 0, 0],
      workgroups: Dispatch.workgroups(for: vectors, size: 256))
    dispatch.work = Work(bytes: Double(byteCount) * Self.linkSlowness)
    return dispatch
  }
}

/// Dispatches in order, where those that fetch weights go as far ahead as their places allow.
struct DispatchList {
  private(set) var dispatches: [Dispatch] = []
  /// Where those of the last operation begin that fetched weights.
  private var lastFetching: Int?

  /// - Parameter copies: what fetches the operation's weights, into places that the last but one used.
  mutating func append(_ work: [Dispatch], fetching copies: [Dispatch]) {
    if !copies.isEmpty {
      dispatches.insert(contentsOf: copies, at: lastFetching ?? dispatches.count)
      lastFetching = dispatches.count
    }
    dispatches += work
  }
}

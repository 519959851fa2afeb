/// What becomes of a request, seeing what it takes and what there is.
struct MemoryDecision {
  /// Whether it is drawn with little memory.
  let savesMemory: Bool
  /// What the person should know.
  var notice: EngineNotice?
  /// Why it is not drawn.
  var refusal: EngineError?

  /// From how many times the free memory on a request is refused: what is estimated and what is free are both known to
  /// about a tenth, and systems can do a little more than they say.
  static let hopeless = 1.25

  /// - Parameters:
  ///   - full: bytes that the request takes as usual, and
  ///   - low: with little memory; nil if the person does not want that one.
  ///   - free: bytes that it can have.
  ///   - advice: what would take less, beside a smaller size.
  init(full: Int?, low: Int?, free: Int, advice: [Remedy] = []) {
    func gigabytes(_ bytes: Int) -> String {
      guard bytes >= 950_000_000 else { return "\(max(bytes, 0) / 1_000_000) MB" }
      let tenths = (bytes + 50_000_000) / 100_000_000
      return "\(tenths / 10).\(tenths % 10) GB"
    }
    if let full, full <= free {
      savesMemory = false
      return
    }
    if let full, let low, low < full, low <= free {
      savesMemory = true
      notice = EngineNotice(
        .memory,
        "The picture takes \(gigabytes(full)) of memory as usual, and \(gigabytes(free)) are free: it is drawn with "
          + "\(gigabytes(low)), which takes longer, unless that is ruled out.", remedies: [.usualMemory])
      return
    }
    savesMemory = low.map { $0 < full ?? .max } ?? false
    let needed = (savesMemory ? low : full) ?? 0
    guard needed > free else { return }
    let shortage = "The picture takes \(gigabytes(needed)) of memory, and \(gigabytes(free)) are free"
    let ways = advice + (low == nil ? [.lowMemory] : [])
    let words = ["a smaller size"] + ways.compactMap { $0 == .lowMemory ? "drawing with little memory" : "bf16" }
    let list = words.dropLast().joined(separator: ", ") + (words.count > 1 ? " or " : "") + (words.last ?? "")
    if Double(needed) > Double(free) * Self.hopeless {
      refusal = EngineError(
        .outOfMemory, "\(shortage): choose \(list), or ignore the shortage and try all the same.",
        remedies: ways + [.ignoringMemory])
    } else {
      notice = EngineNotice(
        .memory, "\(shortage): the system may end the program; \(list) takes less.", remedies: ways)
    }
  }
}

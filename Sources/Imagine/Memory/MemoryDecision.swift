/// What becomes of a request, seeing what it takes and what there is.
struct MemoryDecision: Equatable {
  /// Whether it is drawn with little memory.
  let isFrugal: Bool
  /// What the person should know.
  var notice: String?
  /// Why it is not drawn.
  var refusal: String?

  /// From how many times the free memory on a request is refused: what is estimated and what is free are both known to
  /// about a tenth, and systems can do a little more than they say.
  static let hopeless = 1.25

  /// - Parameters:
  ///   - full: bytes that the request takes as usual, and
  ///   - frugal: with little memory; nil if the person does not want that one.
  ///   - free: bytes that it can have.
  ///   - advice: what would take less, such as `a smaller size`.
  init(full: Int?, frugal: Int?, free: Int, advice: [String]) {
    func gigabytes(_ bytes: Int) -> String {
      guard bytes >= 950_000_000 else { return "\(max(bytes, 0) / 1_000_000) MB" }
      let tenths = (bytes + 50_000_000) / 100_000_000
      return "\(tenths / 10).\(tenths % 10) GB"
    }
    if let full, full <= free {
      isFrugal = false
      return
    }
    if let full, let frugal, frugal < full, frugal <= free {
      isFrugal = true
      notice =
        "The picture takes \(gigabytes(full)) of memory as usual, and \(gigabytes(free)) are free: it is drawn with "
        + "\(gigabytes(frugal)), which takes longer; --no-low-memory avoids it."
      return
    }
    isFrugal = frugal.map { $0 < full ?? .max } ?? false
    let needed = (isFrugal ? frugal : full) ?? 0
    guard needed > free else { return }
    let shortage = "The picture takes \(gigabytes(needed)) of memory, and \(gigabytes(free)) are free"
    let ways = advice + (frugal == nil ? ["--low-memory"] : [])
    let list = ways.dropLast().joined(separator: ", ") + (ways.count > 1 ? " or " : "") + (ways.last ?? "")
    if Double(needed) > Double(free) * Self.hopeless {
      refusal = "\(shortage): choose \(list), or try all the same with --ignore-memory."
    } else {
      notice = "\(shortage): the system may end the program; \(list) takes less."
    }
  }
}

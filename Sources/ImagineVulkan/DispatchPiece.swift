/// A part of a dispatch's workgroups: those from `first`, as many as `count` along each axis.
struct DispatchPiece: Hashable {
  var first: [Int]
  var count: [Int]

  /// Whether it is the whole dispatch, or begins where it does.
  var isAtOrigin: Bool { first == [0, 0, 0] }

  /// Divides workgroups into pieces no longer than `limits` along any axis, and into at least `parts` of about the same
  /// size where there are as many along the longest axis.
  static func pieces(of workgroups: [Int], limits: [Int], parts: Int) -> [DispatchPiece] {
    var sizes = zip(workgroups, limits).map { min($0, $1) }
    if let longest = workgroups.indices.max(by: { workgroups[$0] < workgroups[$1] }) {
      let parts = min(max(parts, 1), max(workgroups[longest], 1))
      sizes[longest] = min(sizes[longest], (workgroups[longest] + parts - 1) / parts)
    }
    guard sizes.allSatisfy({ $0 > 0 }) else { return [] }
    var pieces = [DispatchPiece(first: [0, 0, 0], count: workgroups)]
    for axis in workgroups.indices {
      pieces = pieces.flatMap { piece in
        stride(from: 0, to: workgroups[axis], by: sizes[axis]).map { start in
          var part = piece
          part.first[axis] = start
          part.count[axis] = min(sizes[axis], workgroups[axis] - start)
          return part
        }
      }
    }
    return pieces
  }
}

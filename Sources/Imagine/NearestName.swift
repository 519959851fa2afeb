/// The name that was probably meant.
package enum NearestName {
  /// The name nearest to a word; nil if none is near. A beginning counts as near if it is the beginning of one name only.
  package static func of(_ word: String, among names: some Sequence<String>) -> String? {
    guard word.utf8.count <= 64 else { return nil }
    let names = names.sorted()
    let longer = names.filter { $0.hasPrefix(word) }
    if word.count > 3, longer.count == 1 { return longer.first }
    let limit = max(1, word.filter { $0 != "-" }.count / 3)
    let near = names.map { (name: $0, distance: distance(Array(word.utf8), Array($0.utf8), limit: limit)) }
    return near.filter { $0.distance <= limit }.min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
  }

  /// How many letters have to be added, left out, changed or swapped with the next; anything above `limit` if more.
  private static func distance(_ a: [UInt8], _ b: [UInt8], limit: Int) -> Int {
    guard abs(a.count - b.count) <= limit, !a.isEmpty, !b.isEmpty else { return limit + 1 }
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 1...a.count {
      var row = [i]
      for j in 1...b.count {
        let change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
        var best = min(change, last[j] + 1, row[j - 1] + 1)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { best = min(best, beforeLast[j - 2] + 1) }
        row.append(best)
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }
}

/// The symbols of a word as a doubly linked list, so that two neighbours merge in constant time.
///
/// A symbol is known by the index of its first byte.
struct SymbolChain {
  /// The token id at each index; the id of a symbol merged into its left neighbour is -1.
  private(set) var ids: [Int32]
  private var nexts: [Int]
  private var previouses: [Int]

  init(_ ids: [Int32]) {
    self.ids = ids
    nexts = ids.indices.map { $0 + 1 }
    previouses = ids.indices.map { $0 - 1 }
  }

  /// Shifts the id of the last symbol, which stands for the same byte at the end of a word.
  mutating func markLast(adding offset: Int32) {
    guard let last = ids.indices.last else { return }
    ids[last] += offset
  }

  func next(_ index: Int) -> Int? {
    nexts[index] < ids.count ? nexts[index] : nil
  }

  func previous(_ index: Int) -> Int? {
    previouses[index] >= 0 ? previouses[index] : nil
  }

  /// Gives the symbol at `index` a new id and takes its right neighbour out of the chain.
  mutating func merge(_ index: Int, into id: Int32) {
    guard let right = next(index) else { return }
    ids[index] = id
    ids[right] = -1
    nexts[index] = nexts[right]
    if let after = next(index) { previouses[after] = index }
  }

  /// The symbols left in the chain, in order.
  var symbols: [BytePairEncoding.Symbol] {
    ids.indices.filter { ids[$0] >= 0 }.map { BytePairEncoding.Symbol(id: ids[$0], start: $0) }
  }
}

internal import CVocabulary

/// CLIP's byte-pair encoding: merges the bytes of one word into the longest tokens the merge table knows.
///
/// Ids 0 to 255 are single bytes, 256 to 511 single bytes that end a word, 512 and up the merges in the order of the
/// table. A merge's id therefore is its priority as well.
struct BytePairEncoding: Sendable {
  /// The encoding built from the merges in the binary.
  static let clip = BytePairEncoding(
    merges: UnsafeBufferPointer(start: clip_merges(), count: clip_merges_length()))

  /// A token of a word and the index of its first byte there.
  struct Symbol: Equatable {
    var id: Int32
    var start: Int
  }

  /// How far the id of a byte at the end of a word lies above the id of the byte.
  private static let endOfWord: Int32 = 256

  /// The id of each byte inside a word.
  private let byteIDs = ByteAlphabet.ids
  /// The id of the token that two neighbours merge into.
  private var merged: IntegerMap

  /// The number of merges in the table.
  var mergeCount: Int { merged.count }

  /// Builds the tables from lines of `left right`, in which bytes stand as the letters of `ByteAlphabet`.
  ///
  /// Names are told apart by their 64-bit hashes alone, which do not collide in the one table there is.
  init(merges: UnsafeBufferPointer<UInt8>) {
    let tokenCount = 1 << 16
    var ids = IntegerMap(minimumCapacity: tokenCount)
    merged = IntegerMap(minimumCapacity: tokenCount)
    for (letter, id) in zip(ByteAlphabet.letters, Int32(0)...) {
      let name = FNV1a(letter.utf8)
      ids[name.hash] = id
      ids[name.appending("</w>".utf8).hash] = id + Self.endOfWord
    }
    var id = 2 * Self.endOfWord
    var left: Int32?
    var part = FNV1a()
    var whole = FNV1a()
    for byte in merges {
      switch byte {
      case UInt8(ascii: " "):
        left = ids[part.hash]
        part = FNV1a()
      case UInt8(ascii: "\n"):
        if let left, let right = ids[part.hash] { merged[Self.pair(left, right)] = id }
        ids[whole.hash] = id
        id += 1
        (left, part, whole) = (nil, FNV1a(), FNV1a())
      default:
        part.append(byte)
        whole.append(byte)
      }
    }
  }

  /// The key under which two neighbours stand in the table.
  private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// Returns the tokens of one word, given as its UTF-8 bytes.
  ///
  /// The pair with the lowest id merges first, the leftmost of equals. Candidates wait in a heap, so that a word of n
  /// bytes takes O(n log n) steps however long it is.
  func encode(_ word: [UInt8]) -> [Symbol] {
    var chain = SymbolChain(word.map { byteIDs[Int($0)] })
    chain.markLast(adding: Self.endOfWord)
    var candidates = MinHeap<Candidate>()
    func consider(_ left: Int?) {
      guard let left, let right = chain.next(left) else { return }
      let pair = Self.pair(chain.ids[left], chain.ids[right])
      if let id = merged[pair] { candidates.insert(Candidate(id: id, left: left, pair: pair)) }
    }
    for index in word.indices { consider(index) }
    while let best = candidates.popMin() {
      // A neighbour may have merged since: the candidate counts only while both its halves stand.
      guard let right = chain.next(best.left), Self.pair(chain.ids[best.left], chain.ids[right]) == best.pair
      else { continue }
      chain.merge(best.left, into: best.id)
      consider(chain.previous(best.left))
      consider(best.left)
    }
    return chain.symbols
  }

  private struct Candidate: Comparable {
    var id: Int32
    var left: Int
    var pair: UInt64

    static func < (a: Candidate, b: Candidate) -> Bool { (a.id, a.left) < (b.id, b.left) }
  }
}

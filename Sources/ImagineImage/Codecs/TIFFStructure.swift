/// A TIFF file as EXIF uses it: directories of tags, each with a type, a count and a value or the place of one.
struct TIFFStructure {
  /// Where a tag's value is and how it is to be read.
  struct Entry {
    fileprivate let type: Int
    fileprivate let place: Int
    fileprivate let length: Int
  }

  private let bytes: [UInt8]
  private let isBigEndian: Bool
  let firstDirectory: Int

  /// Reads the header; nil if there is none.
  init?(_ slice: ArraySlice<UInt8>) {
    bytes = Array(slice)
    if bytes.starts(with: [0x4D, 0x4D, 0, 42]) {
      isBigEndian = true
    } else if bytes.starts(with: [0x49, 0x49, 42, 0]) {
      isBigEndian = false
    } else {
      return nil
    }
    guard let first = Self.number(bytes, 4, 4, isBigEndian) else { return nil }
    firstDirectory = first
  }

  /// The tags of the directory at a place, the first of each; none if there is no directory.
  func directory(at place: Int) -> [Int: Entry] {
    guard let count = number(place, 2) else { return [:] }
    var entries: [Int: Entry] = [:]
    for index in 0..<count {
      let start = place + 2 + 12 * index
      guard let tag = number(start, 2), let type = number(start + 2, 2), let count = number(start + 4, 4) else { break }
      guard let width = Self.width(ofType: type), count <= bytes.count else { continue }
      // Up to four bytes stand in the entry itself.
      let length = width * count
      guard let place = length <= 4 ? start + 8 : number(start + 8, 4), place + length <= bytes.count else { continue }
      if entries[tag] == nil { entries[tag] = Entry(type: type, place: place, length: length) }
    }
    return entries
  }

  /// The bytes of an entry's value.
  func contents(_ entry: Entry) -> ArraySlice<UInt8> { bytes[entry.place..<entry.place + entry.length] }

  /// The first of an entry's numbers; nil if it holds none.
  func number(_ entry: Entry) -> Int? {
    guard entry.type == 3 || entry.type == 4, entry.length > 0 else { return nil }
    return number(entry.place, entry.type == 3 ? 2 : 4)
  }

  private func number(_ place: Int, _ width: Int) -> Int? { Self.number(bytes, place, width, isBigEndian) }

  private static func number(_ bytes: [UInt8], _ place: Int, _ width: Int, _ isBigEndian: Bool) -> Int? {
    guard place >= 0, place <= bytes.count - width else { return nil }
    let digits = bytes[place..<place + width]
    return isBigEndian
      ? digits.reduce(0) { $0 << 8 | Int($1) } : digits.reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// Bytes, ASCII and undefined; 16 and 32 bits. Nothing here asks for others.
  private static func width(ofType type: Int) -> Int? {
    switch type {
    case 1, 2, 7: 1
    case 3: 2
    case 4: 4
    default: nil
    }
  }
}

/// The members of a ZIP archive whose contents lie in it as they are (PKWARE, APPNOTE.TXT 4.3, with ZIP64).
struct ZipDirectory {
  /// Where the contents of each member lie in the file.
  private(set) var members: [UTF8Name: Range<Int>] = [:]

  static let signature: [UInt8] = [0x50, 0x4B, 0x03, 0x04]

  /// - Throws: `PickleFault` that says what rule is broken.
  init(_ bytes: UnsafeRawBufferPointer) throws(PickleFault) {
    let (directory, count) = try Self.directory(bytes)
    // Each entry has 46 bytes and a name, so this bounds the work.
    guard count <= directory.count / 46, count <= JSONReader.maximumMembers else {
      throw .damaged("its table of contents is shorter than it says")
    }
    var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[..<directory.upperBound]), at: directory.lowerBound)
    var places: [(start: Int, end: Int)] = []
    for _ in 0..<count {
      let entry = try Entry(&reader)
      let contents = try entry.contents(bytes, before: directory.lowerBound)
      guard members.updateValue(contents, forKey: entry.name) == nil else {
        throw .damaged("it has two members \(quoted(entry.name.text))")
      }
      places.append((entry.offset, contents.upperBound))
    }
    places.sort { $0.start < $1.start }
    for (place, next) in zip(places, places.dropFirst()) where place.end > next.start {
      throw .damaged("two of its members overlap")
    }
  }

  /// Finds the table of contents from the record at the end of the file.
  private static func directory(_ bytes: UnsafeRawBufferPointer) throws(PickleFault) -> (Range<Int>, count: Int) {
    let missing = PickleFault.damaged("it has no table of contents at its end, as after a download that broke off")
    // The record has 22 bytes, and a comment of at most 65535 after them.
    var end = bytes.count - 22
    let lowest = max(0, end - 0xFFFF)
    while true {
      guard end >= lowest else { throw missing }
      if bytes.loadUnaligned(fromByteOffset: end, as: UInt32.self).littleEndian == 0x0605_4B50,
        Int(bytes.loadUnaligned(fromByteOffset: end + 20, as: UInt16.self).littleEndian) == bytes.count - end - 22
      {
        break
      }
      end -= 1
    }
    var reader = ByteReader(bytes, at: end + 10)
    guard let shortCount = reader.integer(UInt16.self), let shortSize = reader.integer(UInt32.self),
      let shortOffset = reader.integer(UInt32.self)
    else { throw missing }
    var (count, size, offset) = (UInt64(shortCount), UInt64(shortSize), UInt64(shortOffset))
    var limit = end
    if shortCount == .max || shortSize == .max || shortOffset == .max {
      var locator = ByteReader(bytes, at: end - 20)
      guard end >= 20, locator.integer(UInt32.self) == 0x0706_4B50, locator.skip(4),
        let place = locator.integer(UInt64.self).flatMap({ Int(exactly: $0) }), place <= end - 20
      else { throw missing }
      var record = ByteReader(bytes, at: place)
      guard record.integer(UInt32.self) == 0x0606_4B50, record.skip(28), let longCount = record.integer(UInt64.self),
        let longSize = record.integer(UInt64.self), let longOffset = record.integer(UInt64.self)
      else { throw missing }
      (count, size, offset, limit) = (longCount, longSize, longOffset, place)
    }
    guard let count = Int(exactly: count), let size = Int(exactly: size), let offset = Int(exactly: offset),
      offset <= limit, size <= limit - offset
    else { throw .damaged("its table of contents lies outside of it") }
    return (offset..<offset + size, count)
  }

  /// One line of the table of contents.
  private struct Entry {
    let name: UTF8Name
    let size: Int
    /// Of the header before the contents.
    let offset: Int

    init(_ reader: inout ByteReader) throws(PickleFault) {
      let broken = PickleFault.damaged("its table of contents is broken")
      guard reader.integer(UInt32.self) == 0x0201_4B50, reader.skip(4), let flags = reader.integer(UInt16.self),
        let method = reader.integer(UInt16.self), reader.skip(8), let packed = reader.integer(UInt32.self),
        let plain = reader.integer(UInt32.self), let nameLength = reader.integer(UInt16.self),
        let extraLength = reader.integer(UInt16.self), let commentLength = reader.integer(UInt16.self), reader.skip(8),
        let place = reader.integer(UInt32.self), let name = reader.bytes(Int(nameLength)),
        let extra = reader.bytes(Int(extraLength)), reader.skip(Int(commentLength)),
        let text = String(validating: name, as: UTF8.self), nameLength <= UTF8Name.maximumLength
      else { throw broken }
      guard method == 0, flags & 1 == 0 else {
        throw .damaged("its member \(quoted(text)) is compressed or encrypted, which PyTorch never does")
      }
      var sizes = [UInt64(plain), UInt64(packed), UInt64(place)]
      try Self.widen(&sizes, extra)
      guard sizes[0] == sizes[1], let size = Int(exactly: sizes[0]), let offset = Int(exactly: sizes[2]) else {
        throw broken
      }
      self.name = UTF8Name(text)
      self.size = size
      self.offset = offset
    }

    /// Replaces what did not fit 32 bits by what the ZIP64 field says, in its order.
    private static func widen(_ sizes: inout [UInt64], _ extra: UnsafeRawBufferPointer) throws(PickleFault) {
      guard sizes.contains(0xFFFF_FFFF) else { return }
      var fields = ByteReader(extra)
      while let kind = fields.integer(UInt16.self), let length = fields.integer(UInt16.self),
        let field = fields.bytes(Int(length))
      {
        guard kind == 1 else { continue }
        var values = ByteReader(field)
        for index in sizes.indices where sizes[index] == 0xFFFF_FFFF {
          guard let value = values.integer(UInt64.self) else { throw .damaged("its table of contents is broken") }
          sizes[index] = value
        }
        return
      }
      throw .damaged("its table of contents is broken")
    }

    /// Where the contents lie: behind a header whose length only it knows.
    func contents(_ bytes: UnsafeRawBufferPointer, before end: Int) throws(PickleFault) -> Range<Int> {
      let outside = PickleFault.damaged("its member \(quoted(name.text)) lies outside of it")
      guard offset <= end, end - offset >= 30 else { throw outside }
      var header = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[..<end]), at: offset)
      guard header.integer(UInt32.self) == 0x0403_4B50, header.skip(22), let nameLength = header.integer(UInt16.self),
        let extraLength = header.integer(UInt16.self), let local = header.bytes(Int(nameLength)),
        local.elementsEqual(name.text.utf8), header.skip(Int(extraLength)), size <= header.remaining
      else { throw outside }
      return header.offset..<header.offset + size
    }
  }
}

import Foundation
import ImagineGoldens
import ImagineImage
import Testing

@Suite struct PictureFuzzTests {
  private static let names = [
    "bilevel", "grey_alpha", "interlaced", "palette", "palette_alpha", "rgb16", "rgba", "text",
  ]

  /// The chunks of a PNG file, each with its length, name, contents and checksum.
  private static func chunks(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var chunks: [ArraySlice<UInt8>] = [], position = 8
    while position + 12 <= bytes.count {
      let length = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      let end = min(position + 12 + length, bytes.count)
      chunks.append(bytes[position..<end])
      position = end
    }
    return chunks
  }

  /// A chunk with its length and checksum put right, so that what is inside is looked at.
  private static func chunk(_ name: ArraySlice<UInt8>, _ contents: [UInt8]) -> [UInt8] {
    let length = withUnsafeBytes(of: UInt32(contents.count).bigEndian) { Array($0) }
    var checksum: UInt32 = .max
    for byte in name + contents {
      checksum ^= UInt32(byte)
      for _ in 0..<8 { checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0xEDB8_8320 : checksum >> 1 }
    }
    return length + name + contents + withUnsafeBytes(of: (~checksum).bigEndian) { Array($0) }
  }

  @Test("PNG: a whole picture, or a reason") func pictures() throws {
    let files = try Self.names.map { Array(try Data(contentsOf: Golden.url("images/\($0).png"))) }
    var limits = PNGLimits()
    limits.pixels = 1 << 16
    try Fuzz.run("png") { random in
      let file = random.pick(files)
      var chunks = Self.chunks(file).map(Array.init)
      for _ in 0..<random.below(3) where !chunks.isEmpty {
        let index = random.below(chunks.count), chunk = chunks[index]
        switch random.below(5) {
        case 0: chunks.remove(at: index)
        case 1: chunks.insert(chunk, at: random.below(chunks.count + 1))
        case 2: chunks.swapAt(index, random.below(chunks.count))
        default:
          if chunk.count >= 12 {
            chunks[index] = Self.chunk(chunk[4..<8], random.broken(Array(chunk[8..<chunk.count - 4])))
          }
        }
      }
      var bytes = Array(file.prefix(8)) + chunks.flatMap { $0 }
      if random.oneIn(3) { bytes = random.broken(bytes) }
      do throws(ImageError) {
        let contents = try PNGFile.decode(bytes, name: "x.png", limits: limits)
        #expect(contents.image.pixels.count == contents.image.width * contents.image.height * 3, "\(random)")
        for text in contents.text { _ = Infotext(parsing: text.value) }
        return true
      } catch {
        Fuzz.expectMessage(error.description, random)
        return false
      }
    }
  }

  @Test("Infotext: every text can be read, and what was read is written so that it reads the same") func infotexts()
    throws
  {
    try Fuzz.run("infotext") { random in
      var bytes = Array(random.text(length: random.below(40)).utf8)
      if random.oneIn(3) { bytes = random.broken(bytes) }
      let read = Infotext(parsing: String(decoding: bytes, as: UTF8.self))
      guard read.fields.count >= 3, read.fields.allSatisfy({ $0.key != $0.value }) else { return false }
      #expect(Infotext(parsing: read.text).fields == read.fields, "\(random)")
      return true
    }
  }
}

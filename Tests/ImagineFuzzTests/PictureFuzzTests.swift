import Foundation
import ImagineGoldens
import ImagineImage
import Testing

@Suite struct PictureFuzzTests {
  private static let names = [
    "bilevel", "grey_alpha", "interlaced", "palette", "palette_alpha", "rgb16", "rgba", "text", "turned_6",
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
    var limits = ImageLimits()
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
      return Self.expectPicture(bytes, limits, random)
    }
  }

  @Test(
    "JPEG and WebP: a whole picture, or a reason",
    arguments: [
      (
        "jpeg",
        [
          "colour.jpg", "grey.jpg", "progressive.jpg", "restarts.jpg", "cmyk.jpg", "settings.jpg", "turned_6.jpg",
          "comment_little.jpg",
        ]
      ),
      (
        "webp",
        [
          "lossy.webp", "lossless.webp", "alpha.webp", "alpha_lossless.webp", "settings.webp", "turned_6.webp",
          "comfy.webp", "animated.webp",
        ]
      ),
    ])
  func otherPictures(format: String, names: [String]) throws {
    let files = try names.map { Array(try Data(contentsOf: Golden.url("images/\($0)"))) }
    var limits = ImageLimits()
    limits.pixels = 1 << 16
    // Marks of both formats, and of EXIF.
    let pieces: [[UInt8]] = [
      [0xFF, 0xD8], [0xFF, 0xD9], [0xFF, 0xDA], [0xFF, 0xC2], [0xFF, 0xE1, 0xFF, 0xFF], [0xFF, 0xC4], [0xFF, 0xDB],
      [0xFF, 0xDD, 0, 4, 0, 1], [0xFF, 0xD0], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0], [0x7F, 0xFF, 0xFF, 0xFF],
      Array("Exif\0\0MM\0*".utf8), Array("Exif\0\0II*\0".utf8), [0x87, 0x69], [0x92, 0x86], [0x01, 0x12],
      Array("RIFF".utf8), Array("VP8X".utf8), Array("VP8L".utf8), Array("VP8 ".utf8), Array("ALPH".utf8),
      Array("EXIF".utf8), Array("ANIM".utf8), Array("UNICODE\0".utf8),
    ]
    try Fuzz.run(format) { random in
      Self.expectPicture(random.broken(random.pick(files), with: pieces), limits, random)
    }
  }

  /// Whether bytes were taken as a picture; one that is taken is whole.
  private static func expectPicture(_ bytes: [UInt8], _ limits: ImageLimits, _ random: FuzzRandom) -> Bool {
    do throws(ImageError) {
      let picture = try ImageFile.decode(bytes, name: "x.png", limits: limits)
      let area = picture.image.width * picture.image.height
      #expect(picture.image.pixels.count == 3 * area, "\(random)")
      #expect(picture.alpha?.count ?? area == area, "\(random)")
      for text in picture.text { _ = Infotext(parsing: text.value) }
      return true
    } catch {
      Fuzz.expectMessage(error.description, random)
      return false
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

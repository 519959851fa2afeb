import Foundation
import Testing

@testable import ImagineImage

@Suite("JPEG and WebP writing")
struct ImageWritingTests {
  /// Waves that a lossy format keeps well.
  static func picture(width: Int, height: Int) throws -> RGBImage {
    let pixels = (0..<width * height * 3).map { index -> UInt8 in
      let x = Double(index / 3 % width), y = Double(index / 3 / width), channel = Double(index % 3)
      return UInt8(127 + 60 * sin(x / 9 + channel) + 60 * cos(y / 7))
    }
    return try RGBImage(width: width, height: height, pixels: pixels)
  }

  static let settings = PNGText("parameters", "a café, 日本 🐱\nNegative prompt: x\nSteps: 20, CFG scale: 7")

  @Test("gives back the text it was given, and a picture like the one", arguments: [ImageFormat.jpeg, .webp])
  func roundTrip(format: ImageFormat) throws {
    let image = try Self.picture(width: 61, height: 47)
    let bytes = try ImageFile.encode(image, as: format, text: [Self.settings])
    #expect(ImageFormat(firstBytes: bytes) == format)
    let read = try ImageFile.decode(bytes, name: "x")
    #expect(read.text == [Self.settings])
    #expect(read.alpha == nil)
    let errors = zip(read.image.pixels, image.pixels).map { abs(Int($0) - Int($1)) }
    #expect(Double(errors.reduce(0, +)) / Double(errors.count) < 2.5)
    #expect(try ImageFile.decode(ImageFile.encode(image, as: format), name: "x").text == [])
  }

  @Test("takes more bytes for more quality", arguments: [ImageFormat.jpeg, .webp])
  func quality(format: ImageFormat) throws {
    let image = try Self.picture(width: 61, height: 47)
    let sizes = try [1, 50, 90, 99].map { try ImageFile.encode(image, as: format, quality: $0).count }
    #expect(sizes == sizes.sorted() && Set(sizes).count == 4)
    for quality in [0, 101, -1, .min, .max] {
      #expect(throws: ImageError.self) { try ImageFile.encode(image, as: format, quality: quality) }
    }
  }

  @Test("a WebP of quality 100 is lossless")
  func lossless() throws {
    let image = try Self.picture(width: 61, height: 47)
    let bytes = try ImageFile.encode(image, as: .webp, quality: 100, text: [Self.settings])
    #expect(try ImageFile.decode(bytes, name: "x").image == image)
  }

  @Test("writes the EXIF that piexif writes")
  func exif() throws {
    let goldens: FileGoldens = try ImageGoldens.load("files.json")
    #expect(goldens.comments.count == 4)
    for golden in goldens.comments {
      let exif = Array("Exif\0\0".utf8) + ExifWriting.structure(comment: golden.text)
      #expect(exif == [UInt8](golden.exif), "\(golden.text)")
    }
  }

  @Test("says what a format cannot hold")
  func unheld() throws {
    let image = try Self.picture(width: 9, height: 9)
    for format in [ImageFormat.jpeg, .webp] {
      #expect(throws: ImageError.self) { try ImageFile.encode(image, as: format, text: [PNGText("workflow", "{}")]) }
    }
    let fits = PNGText("parameters", String(repeating: "x", count: 32_739))
    #expect(try ImageFile.decode(ImageFile.encode(image, as: .jpeg, text: [fits]), name: "x").text == [fits])
    let long = PNGText("parameters", fits.value + "x")
    #expect(throws: ImageError.self) { try ImageFile.encode(image, as: .jpeg, text: [long]) }
    #expect(try ImageFile.decode(ImageFile.encode(image, as: .webp, text: [long]), name: "x").text == [long])
    let wide = try RGBImage(width: 16_384, height: 1, pixels: [UInt8](repeating: 0, count: 3 * 16_384))
    let reason = "a WebP is at most 16383 pixels wide and high"
    #expect(throws: ImageError.cannotWrite(path: "WebP", reason: reason)) { try ImageFile.encode(wide, as: .webp) }
  }

  @Test("knows formats by the ending of a name")
  func endings() {
    #expect(ImageFormat(fileName: "a.png") == .png)
    #expect(ImageFormat(fileName: "folder.d/a.b.JPG") == .jpeg)
    #expect(ImageFormat(fileName: "a.jpeg") == .jpeg)
    #expect(ImageFormat(fileName: "a.WebP") == .webp)
    for name in ["", "a", "png", "a.", "a.gif", "a.png.txt", "a.jpg/b"] { #expect(ImageFormat(fileName: name) == nil) }
  }
}

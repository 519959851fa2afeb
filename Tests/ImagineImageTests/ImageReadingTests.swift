import Foundation
import Testing

@testable import ImagineImage

@Suite("Pictures of every format")
struct ImageReadingTests {
  @Test("have the pixels, alpha and text that Pillow reads, upright")
  func matchesPillow() throws {
    let goldens: FileGoldens = try ImageGoldens.load("files.json")
    #expect(goldens.files.count == 26)
    for golden in goldens.files {
      let picture = try ImageFile.read(ImageGoldens.folder.appending(path: golden.name))
      #expect(picture.image.width == golden.width, "\(golden.name)")
      #expect(picture.image.height == golden.height, "\(golden.name)")
      #expect(ImageGoldens.difference(picture.image.pixels, golden.pixels) == 0, "\(golden.name)")
      #expect(picture.alpha.map { Data($0) } == golden.alpha, "\(golden.name)")
      #expect(picture.text.map { [$0.keyword, $0.value] } == golden.text, "\(golden.name)")
    }
  }

  @Test("are told by their content, not by their name")
  func content() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appending(path: "picture.png")
    try Data(ImageGoldens.bytes("lossless.webp")).write(to: url)
    #expect(try ImageFile.read(url).image.width == 21)
  }

  @Test(
    "are refused by name in other formats",
    arguments: [
      ("a GIF", Array("GIF89a".utf8)), ("a TIFF", [0x49, 0x49, 0x2A, 0, 8, 0]), ("a BMP", Array("BM1234".utf8)),
      ("an AVIF", Array("\0\0\0\u{1C}ftypavif".utf8)), ("an HEIC", Array("\0\0\0\u{18}ftypheic".utf8)),
      ("a JPEG XL", [0xFF, 0x0A, 1, 2]),
    ] as [(String, [UInt8])])
  func foreign(name: String, bytes: [UInt8]) {
    let reason = "it is \(name); save it as PNG, JPEG or WebP"
    #expect(throws: ImageError.cannotRead(path: "x", reason: reason)) { try ImageFile.decode(bytes, name: "x") }
  }

  @Test("are refused in a sentence where they are none")
  func none() throws {
    #expect(throws: ImageError.cannotRead(path: "x", reason: "it is empty")) { try ImageFile.decode([], name: "x") }
    #expect(throws: ImageError.cannotRead(path: "x", reason: "it is no PNG, JPEG or WebP")) {
      try ImageFile.decode(Array("hello".utf8), name: "x")
    }
    let animated = try ImageGoldens.bytes("animated.webp")
    let reason = "it is animated, and only still pictures can be read; save one of its frames as PNG"
    #expect(throws: ImageError.cannotRead(path: "x", reason: reason)) { try ImageFile.decode(animated, name: "x") }
  }

  @Test(
    "are refused where they end early",
    arguments: [
      "colour.jpg", "progressive.jpg", "restarts.jpg", "cmyk.jpg", "settings.jpg", "lossy.webp", "lossless.webp",
      "alpha.webp", "settings.webp", "turned_6.png",
    ])
  func truncation(name: String) throws {
    let bytes = try ImageGoldens.bytes(name)
    for length in 0..<bytes.count {
      #expect(throws: ImageError.self, "\(name) cut to \(length)") {
        try ImageFile.decode(Array(bytes[..<length]), name: "x")
      }
    }
  }

  @Test("are refused beyond the limits", arguments: ["colour.jpg", "progressive.jpg", "lossy.webp", "lossless.webp"])
  func limits(name: String) throws {
    let bytes = try ImageGoldens.bytes(name)
    func decode(_ change: (inout ImageLimits) -> Void) throws -> DecodedImage {
      var limits = ImageLimits()
      change(&limits)
      return try ImageFile.decode(bytes, name: "x", limits: limits)
    }
    let refusal = ImageError.cannotRead(path: "x", reason: "the picture has too many pixels")
    #expect(throws: refusal) { try decode { $0.side = 20 } }
    #expect(try decode { $0.side = 21 }.image.width == 21)
    #expect(throws: refusal) { try decode { $0.pixels = 21 * 13 - 1 } }
    #expect(try decode { $0.pixels = 21 * 13 }.image.height == 13)
  }

  @Test("are refused that ask for too many passes")
  func scans() throws {
    let bytes = try ImageGoldens.bytes("progressive.jpg")
    var limits = ImageLimits()
    limits.scans = 3
    #expect(throws: ImageError.cannotRead(path: "x", reason: "the picture has too many scans")) {
      try ImageFile.decode(bytes, name: "x", limits: limits)
    }
  }

  @Test("keep what is transparent, and lay it on white when asked")
  func transparency() throws {
    let picture = try ImageFile.read(ImageGoldens.folder.appending(path: "rgba.png"))
    #expect(picture.alpha?.count == picture.image.width * picture.image.height)
    #expect(try picture.onWhite != picture.image)
    let solid = try ImageFile.read(ImageGoldens.folder.appending(path: "colour.jpg"))
    #expect(try solid.alpha == nil && solid.onWhite == solid.image)
  }

  @Test("survive EXIF of any bytes")
  func exif() throws {
    let goldens: FileGoldens = try ImageGoldens.load("files.json")
    let sound = [UInt8](try #require(goldens.comments.last).exif).dropFirst(6)
    #expect(ExifReading(sound).text.count == 1)
    for place in sound.indices.prefix(60) {
      for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
        var damaged = sound
        damaged[place] = value
        _ = ExifReading(damaged)
      }
      _ = ExifReading(sound[..<place])
    }
  }
}

import Foundation
import Testing

@testable import ImagineImage

@Suite("PNG reading")
struct PNGReadingTests {
  @Test("gives the pixels and text that Pillow gives")
  func matchesPillow() throws {
    let goldens = try ImageGoldens.load()
    #expect(goldens.images.count == 8)
    for golden in goldens.images {
      let contents = try ImageFile.read(golden.url)
      #expect(contents.image.width == golden.width, "\(golden.name)")
      #expect(contents.image.height == golden.height, "\(golden.name)")
      #expect(try contents.onWhite.pixels == [UInt8](golden.pixels), "\(golden.name)")
      #expect(contents.text.map { [$0.keyword, $0.value] } == golden.text, "\(golden.name)")
    }
  }

  @Test("refuses every truncated file")
  func truncation() throws {
    for name in ["text", "palette_alpha", "interlaced"] {
      let bytes = try bytes(name)
      for length in 0..<bytes.count {
        #expect(throws: ImageError.self, "\(name) cut to \(length)") {
          try ImageFile.decode(Array(bytes[..<length]), name: "x")
        }
      }
    }
  }

  @Test("refuses every file with a changed byte outside the chunks it ignores")
  func corruption() throws {
    let bytes = try bytes("text")
    for position in bytes.indices {
      for mask: UInt8 in [0x01, 0x80, 0xFF] {
        var damaged = bytes
        damaged[position] ^= mask
        #expect(throws: ImageError.self, "byte \(position) with \(mask)") { try ImageFile.decode(damaged, name: "x") }
      }
    }
  }

  @Test("survives random bytes behind the signature")
  func randomBytes() throws {
    var generator = SystemRandomNumberGenerator()
    let signature = Array(try bytes("rgba").prefix(8))
    for _ in 0..<200 {
      let noise = (0..<64).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(throws: ImageError.self) { try ImageFile.decode(signature + noise, name: "x") }
    }
  }

  @Test("refuses pictures and texts beyond the limits")
  func limits() throws {
    let bytes = try bytes("text")
    func decode(_ change: (inout ImageLimits) -> Void) throws -> DecodedImage {
      var limits = ImageLimits()
      change(&limits)
      return try ImageFile.decode(bytes, name: "x", limits: limits)
    }
    #expect(throws: ImageError.self) { try decode { $0.side = 8 } }
    #expect(try decode { $0.side = 9 }.image.width == 9)
    #expect(throws: ImageError.self) { try decode { $0.pixels = 62 } }
    #expect(try decode { $0.pixels = 63 }.image.height == 7)
    #expect(throws: ImageError.self) { try decode { $0.textChunks = 3 } }
    #expect(try decode { $0.textChunks = 4 }.text.count == 4)
    #expect(throws: ImageError.self) { try decode { $0.textBytes = 150 } }

    var limits = ImageLimits()
    limits.fileBytes = bytes.count - 1
    #expect(throws: ImageError.self) {
      try ImageFile.read(ImageGoldens.folder.appending(path: "text.png"), limits: limits)
    }
  }

  @Test("refuses a header that promises a huge picture")
  func hugeHeader() throws {
    // A sound header of 2^31 - 1 by 2^31 - 1 pixels.
    let header: [UInt8] = [
      0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0x7F, 0xFF, 0xFF, 0xFF,
      0x7F, 0xFF, 0xFF, 0xFF, 8, 2, 0, 0, 0, 0xCA, 0xEC, 0x1E, 0x96,
    ]
    #expect(throws: ImageError.self) { try ImageFile.decode(header, name: "x") }
  }

  @Test("names the file and the reason")
  func errors() throws {
    let missing = URL(fileURLWithPath: "/nonexistent/picture.png")
    #expect(throws: ImageError.cannotRead(path: missing.path, reason: "No such file or directory")) {
      try ImageFile.read(missing)
    }
    #expect(throws: ImageError.cannotRead(path: ImageGoldens.folder.path, reason: "it is not a regular file")) {
      try ImageFile.read(ImageGoldens.folder)
    }
    #expect(throws: ImageError.cannotRead(path: "/dev/zero", reason: "it is not a regular file")) {
      try ImageFile.read(URL(fileURLWithPath: "/dev/zero"))
    }
    #expect(throws: ImageError.cannotRead(path: "x", reason: "it is a GIF; save it as PNG, JPEG or WebP")) {
      try ImageFile.decode(Array("GIF89a and so on".utf8), name: "x")
    }
  }

  private func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: ImageGoldens.folder.appending(path: "\(name).png")))
  }
}

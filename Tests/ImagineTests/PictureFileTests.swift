import Foundation
import Imagine
import ImagineGoldens
import Testing

@Suite struct PictureFileTests {
  @Test func everyFormatIsReadUpright() throws {
    let turned = try SourcePicture(contentsOf: Golden.url("images/turned_6.jpg"))
    #expect(turned.size == Size(width: 13, height: 21) && turned.alpha == nil)
    let transparent = try SourcePicture(contentsOf: Golden.url("images/alpha.webp"))
    #expect(transparent.size == Size(width: 21, height: 13) && transparent.alpha?.count == 21 * 13)
    let bytes = [UInt8](try Data(contentsOf: Golden.url("images/rgba.png")))
    #expect(try SourcePicture(bytes: bytes) == SourcePicture(contentsOf: Golden.url("images/rgba.png")))
  }

  @Test func unreadablePicturesAreRefusedByName() throws {
    let missing = #expect(throws: ImagineError.self) {
      try SourcePicture(contentsOf: URL(filePath: "/nowhere/sketch.png"))
    }
    #expect(missing?.code == .unreadablePicture && missing?.path == "/nowhere/sketch.png")
    #expect(missing?.message == "The picture '/nowhere/sketch.png' cannot be read: No such file or directory.")
    let foreign = #expect(throws: ImagineError.self) {
      try SourcePicture(bytes: Array("GIF89a".utf8), name: "dance.gif")
    }
    #expect(
      foreign?.message == "The picture 'dance.gif' cannot be read: it is a GIF; save it as PNG, JPEG or WebP.")
  }

  @Test(arguments: ["a.png", "a.JPG", "a.jpeg", "a.webp", "a"]) func endingSaysTheFormat(name: String) async throws {
    let image = try await TinyModel.pipeline().image(TinyModel.request)
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: name)
      try image.write(to: url)
      let bytes = [UInt8](try Data(contentsOf: url))
      #expect(try bytes == image.encoded(as: PictureFormat(fileName: name)))
      #expect(try SourcePicture(bytes: bytes).size == image.size)
      let starts: [String: [UInt8]] = [
        "png": [0x89, 0x50], "jpg": [0xFF, 0xD8], "jpeg": [0xFF, 0xD8], "webp": [0x52, 0x49],
      ]
      #expect(bytes.starts(with: starts[url.pathExtension.lowercased()] ?? [0x89, 0x50]))
      let again = #expect(throws: ImagineError.self) { try image.write(to: url) }
      #expect(again?.code == .unwritableOutput)
      #expect(try image.write(toFreeNameFor: url) != url)
    }
  }

  @Test func losslessFormatsKeepThePicture() async throws {
    let image = try await TinyModel.pipeline().image(TinyModel.request)
    for format in [PictureFormat.png, .webp(quality: 100)] {
      #expect(try SourcePicture(bytes: image.encoded(as: format)).pixels == image.pixels)
    }
  }

  @Test func otherEndingsAreRefused() {
    for name in ["a.gif", "folder.png/a.bmp", "a.", "a.png.txt"] {
      let error = #expect(throws: ImagineError.self) { try PictureFormat(fileName: name) }
      #expect(error?.code == .invalidText)
    }
    for name in ["a", ".hidden", "folder.gif/a"] { #expect(throws: Never.self) { try PictureFormat(fileName: name) } }
    #expect(throws: Never.self) { try PictureFormat(fileName: "a.jpg", quality: 1) }
  }

  @Test func impossibleQualitiesAreRefused() async throws {
    let image = try await TinyModel.pipeline().image(TinyModel.request)
    for format in [PictureFormat.jpeg(quality: 0), .webp(quality: 101), .jpeg(quality: .max)] {
      let error = #expect(throws: ImagineError.self) { try image.encoded(as: format) }
      #expect(error?.code == .unwritableOutput)
    }
  }
}

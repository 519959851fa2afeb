import Foundation
import ImagineCheckpoint
import Testing

@Suite("A file that is no safetensors file is called what it is")
struct ForeignFormatTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func answer(_ bytes: [UInt8], name: String = "model.safetensors") throws -> CheckpointError? {
    let file = try folder.file(name, Data(bytes))
    return #expect(throws: CheckpointError.self) { try Checkpoint.open(file) }
  }

  /// The beginning of a file, and the word that the answer has.
  private static let binary: [(start: [UInt8], word: String)] = [
    ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], "picture (PNG)"), ([0xFF, 0xD8, 0xFF, 0xE0], "picture (JPEG)"),
    (Array("RIFF\u{1}\u{2}\u{3}\u{4}WEBP".utf8), "picture (WebP)"), (Array("GIF89a".utf8), "picture (GIF)"),
    ([0, 0, 0, 0x1C] + Array("ftypavif".utf8), "picture (AVIF)"), ([0x80, 2, 0x7D, 0x71], "pickle"),
    ([0x80, 4, 0x95, 0x10], "pickle"), (Array("PK\u{3}\u{4}rest of it".utf8), "archive (ZIP)"),
    ([0x1F, 0x8B, 8, 0, 1, 2, 3, 4], "archive (gzip)"), ([0x28, 0xB5, 0x2F, 0xFD], "archive (Zstandard)"),
    ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A], "HDF5"),
    ([0x08, 0x09, 0x12, 0x07] + Array("pytorch".utf8), "ONNX"), ([0x7F, 0x45, 0x4C, 0x46, 2, 1, 1], "program"),
    (Array("%PDF-1.7\n%\u{2}\u{3}".utf8), "PDF"), ([0, 0, 0, 0, 0, 0, 0, 0], "zeros"),
  ]

  @Test(arguments: binary) func binaryFormats(_ start: [UInt8], _ word: String) throws {
    let error = try answer(start + [UInt8](repeating: start == [UInt8](repeating: 0, count: 8) ? 0 : 0x81, count: 600))
    #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
    #expect(error?.description.hasSuffix(".") == true)
  }

  @Test(arguments: [
    ("version https://git-lfs.github.com/spec/v1\noid sha256:1", "git lfs pull"),
    ("<!DOCTYPE html><html>", "web page"), ("\n  <HTML><body>", "web page"),
    ("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "web page"),
    ("{\"error\":\"Access to this model is restricted\"}", "JSON text"),
    ("Entry not found, and some more text", "is text"), ("Zugriff verweigert: ungültig", "is text"),
  ])
  func texts(_ text: String, _ word: String) throws {
    let error = try answer(Array(text.utf8))
    #expect(error?.code == "unsupportedFormat")
    #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
  }

  @Test func pickledArchivesAndEmptyFiles() throws {
    let member = Array("archive/data.pkl".utf8)
    let archive: [UInt8] =
      [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0x11, count: 22) + [UInt8(member.count), 0, 0, 0] + member
    #expect(try answer(archive)?.description.contains("download it again") == true)
    #expect(try answer(Array("PK\u{3}\u{4}other".utf8), name: "model.ckpt")?.description.contains("ZIP") == true)
    #expect(try answer([0x89, 0x50, 0x4E, 0x47, 1], name: "model.pt")?.description.contains("PNG") == true)
    #expect(try answer([])?.description.contains("empty") == true)
    #expect(try answer([3])?.code == "truncatedFile")
  }

  @Test("No valid header is taken for another format, whatever its length")
  func headersOfEveryLength() throws {
    for length in [2, 0x04_4B50, 0x89, 0xD8FF, 0x8B1F, 0x0280, 0x0980, 0x47] where length < 100_000 {
      let header = "{}" + String(repeating: " ", count: length - 2)
      #expect(throws: Never.self) { try SafetensorsFile(try folder.file("x.safetensors", safetensors(header))) }
    }
  }
}

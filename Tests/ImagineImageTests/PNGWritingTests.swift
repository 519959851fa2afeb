import Foundation
import Testing

@testable import ImagineImage

@Suite("PNG writing")
struct PNGWritingTests {
  let folder: TemporaryFolder
  let image: RGBImage
  let bytes: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    image = try Self.picture(width: 17, height: 9)
    bytes = try PNGCodec.encode(image, text: [])
  }

  static func picture(width: Int, height: Int) throws -> RGBImage {
    let pixels = (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 31 &+ $0 / 7) }
    return try RGBImage(width: width, height: height, pixels: pixels)
  }

  var url: URL { folder.url.appending(path: "picture.png") }

  @Test("gives back the picture and the text it was given")
  func roundTrip() throws {
    let text = [
      PNGText("parameters", "a cat, café\nSteps: 20"), PNGText("Comment", "日本語 🐱 e\u{301}"), PNGText("Empty", ""),
      PNGText("Author", "ÿ\u{A0}"),
    ]
    try ImageFile.write(PNGCodec.encode(image, text: text), to: url)
    let contents = try ImageFile.read(url)
    #expect(contents.image == image)
    #expect(contents.text == text)
    #expect(contents.text("Author") == "ÿ\u{A0}")
    #expect(contents.text("missing") == nil)
    #expect(try folder.names == ["picture.png"])
  }

  @Test("writes tEXt where Latin-1 suffices and iTXt elsewhere")
  func textChunks() throws {
    let latin = try PNGCodec.encode(image, text: [PNGText("parameters", "café")])
    #expect(latin.contains("tEXtparameters\0caf\u{E9}".unicodeScalars.map { UInt8($0.value) }))
    let other = try PNGCodec.encode(image, text: [PNGText("parameters", "猫")])
    #expect(other.contains(Array("iTXtparameters\0\0\0\0\0猫".utf8)))
  }

  @Test("keeps a large text and a large picture")
  func large() throws {
    let picture = try Self.picture(width: 300, height: 200)
    let text = [PNGText("workflow", String(repeating: "0123456789 é ", count: 20_000))]
    let contents = try ImageFile.decode(PNGCodec.encode(picture, text: text), name: "x")
    #expect(contents.image == picture)
    #expect(contents.text == text)
  }

  @Test("refuses text that PNG cannot hold")
  func invalidText() throws {
    for keyword in ["", " x", "x ", "a  b", "café", "a\nb", String(repeating: "k", count: 80)] {
      #expect(throws: ImageError.self, "'\(keyword)'") {
        try PNGCodec.encode(image, text: [PNGText(keyword, "v")])
      }
    }
    #expect(throws: ImageError.invalidText(keyword: "k", reason: "it contains a zero byte")) {
      try PNGCodec.encode(image, text: [PNGText("k", "a\0b")])
    }
  }

  @Test("never replaces what is there")
  func neverReplaces() throws {
    try Data("precious".utf8).write(to: url)
    #expect(throws: ImageError.alreadyExists(path: url.path)) { try ImageFile.write(bytes, to: url) }
    #expect(try Data(contentsOf: url) == Data("precious".utf8))

    let directory = folder.url.appending(path: "directory.png")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    #expect(throws: ImageError.alreadyExists(path: directory.path)) { try ImageFile.write(bytes, to: directory) }

    let link = folder.url.appending(path: "dangling.png")
    let target = folder.url.appending(path: "nowhere").path
    try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: target)
    #expect(throws: ImageError.self) { try ImageFile.write(bytes, to: link) }
    #expect(try folder.names == ["dangling.png", "directory.png", "picture.png"])
  }

  @Test("takes the first free name")
  func freeNames() throws {
    #expect(try ImageFile.writeToFreeName(bytes, near: url).lastPathComponent == "picture.png")
    #expect(try ImageFile.writeToFreeName(bytes, near: url).lastPathComponent == "picture-2.png")
    try FileManager.default.removeItem(at: url)
    #expect(try ImageFile.writeToFreeName(bytes, near: url).lastPathComponent == "picture.png")
    #expect(try ImageFile.writeToFreeName(bytes, near: url).lastPathComponent == "picture-3.png")
    let bare = folder.url.appending(path: "bare")
    #expect(try ImageFile.writeToFreeName(bytes, near: bare).lastPathComponent == "bare")
    #expect(try ImageFile.writeToFreeName(bytes, near: bare).lastPathComponent == "bare-2")
    #expect(try folder.names == ["bare", "bare-2", "picture-2.png", "picture-3.png", "picture.png"])
  }

  @Test("gives every one of many writers a name of its own")
  func concurrentWriters() async throws {
    let names = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<24 {
        group.addTask { [bytes, url] in try ImageFile.writeToFreeName(bytes, near: url).lastPathComponent }
      }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(names.count == 24)
    #expect(try Set(folder.names) == names)
    for name in names { #expect(try ImageFile.read(folder.url.appending(path: name)).image == image) }
  }

  @Test("says why a folder takes no file")
  func unwritableFolders() throws {
    let missing = folder.url.appending(path: "missing/picture.png")
    #expect(throws: ImageError.cannotWrite(path: missing.path, reason: "No such file or directory")) {
      try ImageFile.write(bytes, to: missing)
    }
    try Data().write(to: folder.url.appending(path: "file"))
    let inFile = folder.url.appending(path: "file/picture.png")
    #expect(throws: ImageError.cannotWrite(path: inFile.path, reason: "Not a directory")) {
      try ImageFile.write(bytes, to: inFile)
    }
  }

  @Test(
    "says that a folder is read-only",
    .enabled(if: geteuid() != 0, "the superuser may write to any folder"))
  func readOnlyFolder() throws {
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder.url.path)
    defer { try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.url.path) }
    #expect(throws: ImageError.cannotWrite(path: url.path, reason: "Permission denied")) {
      try ImageFile.write(bytes, to: url)
    }
  }

  @Test("leaves nothing behind when the disk takes only part of the file")
  func partialWrite() async {
    // The limit on the size of files concerns the whole process, so this runs in one of its own.
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let url = folder.url.appending(path: "picture.png")
      let bytes = try PNGCodec.encode(PNGWritingTests.picture(width: 64, height: 64), text: [])
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 512, rlim_max: 512)
      #if canImport(Glibc)
        try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      #else
        try #require(setrlimit(RLIMIT_FSIZE, &limit) == 0)
      #endif
      try #require(throws: ImageError.cannotWrite(path: url.path, reason: "File too large")) {
        try ImageFile.write(bytes, to: url)
      }
      try #require(try folder.names == [])
    }
  }
}

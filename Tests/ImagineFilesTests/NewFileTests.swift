import Foundation
import Testing

@testable import ImagineFiles

/// A folder that is removed with the test.
struct Place: ~Copyable {
  let path = FileManager.default.temporaryDirectory.appending(path: "files-\(UUID().uuidString)").path
  let folder: Folder

  init() throws { folder = try Folder(path: path, making: true) }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }

  func text(_ name: String) throws -> String { try String(contentsOfFile: path + "/" + name, encoding: .utf8) }

  func make(_ name: String, _ text: String = "") throws {
    try Data(text.utf8).write(to: URL(filePath: path + "/" + name))
  }
}

@Suite struct NewFileTests {
  @Test(arguments: [true, false])
  func aFileAppearsCompleteOrNotAtAll(_ isNameless: Bool) throws {
    let place = try Place()
    var file = try NewFile(in: place.folder, triesNameless: isNameless)
    try file.write(Array("ab".utf8))
    try file.write(Array("cd".utf8))
    let before = try place.names.filter { !HiddenFile.isName($0) }
    #expect(before.isEmpty)
    let isPublished = try file.publish(as: "x")
    #expect(isPublished)
    let text = try place.text("x")
    #expect(text == "abcd")
  }

  @Test(arguments: [true, false])
  func whatIsThereStays(_ isNameless: Bool) throws {
    let place = try Place()
    try place.make("x", "precious")
    var file = try NewFile(in: place.folder, triesNameless: isNameless)
    let isPublished = try file.publish(as: "x")
    #expect(!isPublished)
    let taken = try file.publish(asFreeNameLike: "x")
    let text = try place.text("x")
    #expect(taken == "x-2" && text == "precious")
  }

  @Test(arguments: [true, false])
  func replacingIsAsked(_ isNameless: Bool) throws {
    let place = try Place()
    try place.make("x", "old")
    var file = try NewFile(in: place.folder, triesNameless: isNameless)
    try file.write(Array("new".utf8))
    try file.publish(replacing: "x")
    let text = try place.text("x"), names = try place.names
    #expect(text == "new" && names == ["x"])
  }

  @Test(arguments: [true, false])
  func nothingIsLeftOfAFileThatWasGivenUp(_ isNameless: Bool) throws {
    let place = try Place()
    do {
      let file = try NewFile(in: place.folder, triesNameless: isNameless)
      try file.write(Array("ab".utf8))
    }
    let names = try place.names
    #expect(names.isEmpty)
  }

  @Test func foldersBelowAreMadeButNoLinkIsFollowed() throws {
    let place = try Place(), outside = try Place()
    _ = try place.folder.folder(["a", "b"], making: true)
    #expect(place.folder.kind(of: try RelativePath("a/b")) == .folder)
    try FileManager.default.createSymbolicLink(atPath: place.path + "/link", withDestinationPath: outside.path)
    let folder = place.folder
    #expect(throws: FileFailure.self) { try folder.folder(["link"], making: true) }
    #expect(throws: FileFailure.self) { try folder.folder(["link", "c"], making: true) }
    #expect(folder.kind(of: try RelativePath("link")) == .other)
    #expect(folder.kind(of: try RelativePath("missing")) == nil)
  }

  @Test func aFolderNamedByAPersonMayBeALinkAndHaveATilde() throws {
    let place = try Place()
    let name = place.path + "/~/a//b/"
    _ = try Folder(path: name, making: true)
    #expect(FileManager.default.fileExists(atPath: place.path + "/~/a/b"))
    try FileManager.default.createSymbolicLink(atPath: place.path + "/link", withDestinationPath: name)
    let path = place.path
    #expect(throws: Never.self) { try Folder(path: path + "/link") }
    #expect(throws: FileFailure.self) { try Folder(path: path + "/none") }
  }

  @Test func aClaimIsHeldByOne() throws {
    let place = try Place()
    do {
      let first = try Claim(7, in: place.folder)
      let second = try Claim(7, in: place.folder)
      let other = try Claim(8, in: place.folder)
      let held = first != nil, refused = second == nil, apart = other != nil
      #expect(held && refused && apart)
      // A sweep takes nothing that is held.
      place.folder.sweep()
      let names = try place.names
      #expect(names.count == 2)
      withExtendedLifetime(place.folder) {}
      _ = consume first
      _ = consume other
    }
    let names = try place.names
    #expect(names.isEmpty)
    let again = try Claim(7, in: place.folder)
    let isFree = again != nil
    #expect(isFree)
  }

  @Test func aSweepRemovesWhatNobodyHolds() throws {
    let place = try Place()
    for name in [HiddenFile.name("1"), ".imagine-notes", "a.partial", "x.png"] { try place.make(name) }
    place.folder.sweep()
    let names = try place.names
    #expect(names == [".imagine-notes", "a.partial", "x.png"])
  }
}

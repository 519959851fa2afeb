import ImagineFiles
import Testing

@Suite struct RelativePathTests {
  @Test(arguments: [
    "a.png", "a/b.png", "~/x", "~root/x", "$HOME", "..a", "a..", "...", " ", "家/ж.png", "a\u{301}", "-x", ".hidden",
    "a\\..\\b",
  ])
  func whatStaysBelowItsFolder(_ text: String) throws {
    #expect(try Array(RelativePath(text).text.utf8) == Array(text.utf8))
  }

  /// Every way to write a way out, alone, at the start, in the middle and at the end, with a mark on each neighbour.
  private static let waysOut: [String] = ["", ".", ".."].flatMap { part in
    [part, "\(part)/x", "x/\(part)", "x/\(part)/y", "\(part)/\u{301}x", "x\u{301}/\(part)", "x/\(part)/\u{338}y"]
  }

  @Test(arguments: waysOut + ["/x", "/", "x/", "/\u{301}x", "a\0b", "a\nb", "a\u{1B}[2J", "a\u{7F}"])
  func whatDoesNot(_ text: String) {
    #expect(throws: RelativePath.Problem.self) { try RelativePath(text) }
  }

  @Test func lengthsAreCountedInBytes() throws {
    let longest = String(repeating: "é", count: 127) + "x"
    #expect(try RelativePath("a/\(longest)").name == longest)
    #expect(throws: RelativePath.Problem.self) { try RelativePath(longest + "x") }
    #expect(throws: RelativePath.Problem.self) { try RelativePath(longest + "x/y") }
    #expect(throws: RelativePath.Problem.self) { try RelativePath(longest, spare: 1) }
    #expect(try RelativePath("\(longest)/y", spare: 200).folders == [longest])
  }

  @Test func numbersFitInTheName() {
    #expect(FileName.numbered("boat.png", 2) == "boat-2.png")
    #expect(FileName.numbered("boat", 12) == "boat-12")
    #expect(FileName.numbered(".png", 2) == ".png-2")
    let long = FileName.numbered(String(repeating: "é", count: 125) + ".png", 100_000)
    #expect(long.utf8.count <= RelativePath.longestName && long.hasSuffix("é-100000.png"))
  }

  @Test func pathsAreSplitAtBytes() {
    #expect(FileName.split("a/b/c") == ("a/b/", "c"))
    #expect(FileName.split("c") == ("", "c"))
    #expect(FileName.split("/c") == ("/", "c"))
    #expect(Array(FileName.split("a/\u{301}c").name.utf8) == Array("\u{301}c".utf8))
  }
}

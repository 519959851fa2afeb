import Foundation
import ImagineCheckpoint
import Testing

@Suite("Names from files are bytes of bounded length")
struct HostileNameTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func open(_ names: [String]) throws -> Checkpoint {
    let members = names.map { "\"\($0)\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}" }
    return try Checkpoint.open(
      try folder.file("model.safetensors", safetensors("{\(members.joined(separator: ","))}")))
  }

  /// A letter under marks that normalising has to put in order: as `String`, such names compare in time with the square of
  /// their length.
  private func marked(_ number: Int, marks: Int) -> String {
    "\(number)a" + String(repeating: "\u{301}\u{323}", count: marks / 2)
  }

  @Test func namesThatAreHardToCompareAreNot() throws {
    // As String, one of these takes milliseconds to hash, and this test a minute.
    let names = (0..<4000).map { marked($0, marks: 480) }
    #expect(try open(names).unrecognised.count == 4000)
    let notes = names.map { "\"\($0)\":\"x\"" }.joined(separator: ",")
    let file = try folder.file("notes.safetensors", safetensors("{\"__metadata__\":{\(notes)}}"))
    #expect(try SafetensorsFile(file).metadata.isEmpty)
    let config = try JSONValue(parsing: "{\(notes)}")
    #expect(config.object?.count == 4000 && config[marked(7, marks: 480)]?.string == "x")
  }

  @Test(arguments: [40_000, 2_000_000]) func longNamesAreRefused(length: Int) throws {
    for name in [marked(0, marks: length / 2), String(repeating: ".", count: length)] {
      #expect(errorCode { _ = try open([name]) } == "invalidHeader")
      #expect(errorCode { _ = try open(["a\\u0041" + name]) } == "invalidHeader")
      #expect(throws: JSONError.self) { try JSONValue(parsing: "{\"\(name)\":1}") }
      let note = "{\"__metadata__\":{\"\(name)\":\"\"}}"
      #expect(errorCode { _ = try SafetensorsFile(try folder.file("x", safetensors(note))) } == "invalidHeader")
    }
  }

  @Test func theLongestNameIsRead() throws {
    let longest = String(repeating: "x", count: 1024)
    #expect(try open([longest]).unrecognised == [longest])
    #expect(errorCode { _ = try open([longest + "x"]) } == "invalidHeader")
  }

  @Test func twoSpellingsOfOneAccentAreTwoNames() throws {
    let composed = "caf\u{E9}", decomposed = "cafe\u{301}"
    #expect(composed == decomposed)
    #expect(try open([composed, decomposed]).unrecognised.count == 2)
    #expect(try JSONValue(parsing: "{\"\(composed)\":1,\"\(decomposed)\":2}")[composed]?.int == 1)
    #expect(errorCode { _ = try open([composed, composed]) } == "invalidHeader")
    #expect(UTF8Name(composed) != UTF8Name(decomposed))
    #expect(Set([UTF8Name(composed), UTF8Name(decomposed)]).count == 2)
    #expect(UTF8Name(decomposed) < UTF8Name(composed) && !(UTF8Name(composed) < UTF8Name(decomposed)))
  }

  @Test func longFormatNamesAndChoicesAreNotCompared() throws {
    let long = marked(0, marks: 200_000)
    let header = "{\"a\":{\"dtype\":\"\(long)\",\"shape\":[0],\"data_offsets\":[0,0]}}"
    #expect(errorCode { _ = try SafetensorsFile(try folder.file("x", safetensors(header))) } == "invalidHeader")
    #expect(JSONValue.string(long).word == nil && JSONValue.string("silu").word == "silu")
  }

  @Test func moreMembersThanAnyFileHasAreRefused() {
    let members = (0...131_072).map { "\"\($0)\":0" }.joined(separator: ",")
    #expect(throws: JSONError.self) { try JSONValue(parsing: "{\(members)}") }
  }

  @Test(arguments: ["\u{1B}[2J", "a\nb", "\u{202E}x", "\u{9B}31m", "\u{7F}", "\u{2028}"])
  func whatATerminalObeysIsWrittenOut(_ name: String) {
    let shown = quoted(name)
    #expect(shown.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.properties.generalCategory != .format })
    #expect(shown.contains("\\u{") && shown.hasPrefix("'") && shown.hasSuffix("'"))
    #expect(quoted("héllo 👩‍🎨") == "'héllo 👩‍🎨'")
  }
}

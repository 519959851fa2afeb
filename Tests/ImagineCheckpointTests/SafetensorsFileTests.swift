import Foundation
import ImagineCheckpoint
import Testing

@Suite("Every rule of the safetensors container")
struct SafetensorsFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func open(_ data: Data) throws -> SafetensorsFile {
    try SafetensorsFile(try folder.file("model.safetensors", data))
  }

  private static let f32 = #""dtype":"F32""#

  @Test(
    "What the format allows is read",
    arguments: [
      ("{}", 0, 0),
      ("  {} \n", 0, 0),
      (#"{"__metadata__":null}"#, 0, 0),
      (#"{"__metadata__":{}}"#, 0, 0),
      (#"{"__metadata__":{"a":"b"},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 8, 1),
      // A scalar, and tensors without elements at the start, between others and at the end.
      (#"{"x":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}"#, 8, 1),
      (
        #"{"x":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]},"y":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
          + #""z":{"dtype":"F32","shape":[0],"data_offsets":[1,1]}}"#, 1, 3
      ),
      // Any order, no alignment, members this reader does not know.
      (
        #"{"b":{"data_offsets":[1,5],"shape":[1],"dtype":"F32"},"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1],"#
          + #""new":{"k":[1,2.5e3,null,true]}}}"#, 5, 2
      ),
      (#"{"caf\u00e9 \ud83d\ude00\n":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[0,3]}}"#, 3, 1),
    ])
  func valid(header: String, bytes: Int, tensors: Int) throws {
    #expect(try open(safetensors(header, data: bytes)).tensors.count == tensors)
  }

  @Test func describesTensors() throws {
    let header =
      #"{"__metadata__":{"by":"someone"},"caf\u00e9 \ud83d\ude00":{"dtype":"BF16","shape":[2,1],"data_offsets":[1,5]},"#
      + #""a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}"#
    let file = try open(safetensors(Data(header.utf8), data: Data([1, 2, 3, 4, 5])))
    let info = try #require(file["café 😀"])
    #expect(info.dataType == .bfloat16 && info.shape == [2, 1] && info.elementCount == 2)
    #expect(file.tensors.map(\.name) == ["a", "café 😀"])
    #expect(file.metadata == ["by": "someone"])
    #expect(try file.withBytes(of: "café 😀") { Array($0) } == [2, 3, 4, 5])
    #expect(errorCode { try file.withBytes(of: "b") { _ in } } == "missingTensor")
  }

  @Test(
    "What breaks a rule is refused",
    arguments: [
      // Not an object, not JSON.
      ("", 0), ("[]", 0), ("{", 0), ("{}x", 0), ("{}{}", 0), ("nul", 0), ("\u{FEFF}{}", 0), ("{'a':1}", 0),
      (#"{"a" 1}"#, 0),
      (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},}"#, 1),
      (#"{"__metadata__":{"a":1}}"#, 0), (#"{"__metadata__":[]}"#, 0), (#"{"a":[]}"#, 0),
      // Repeated keys, also when one is written with an escape.
      (
        #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#, 0
      ),
      (
        #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#,
        0
      ),
      (#"{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#, 0),
      (#"{"__metadata__":{"a":"1","a":"1"}}"#, 0),
      // Members missing or of a wrong kind.
      (#"{"a":{"shape":[1],"data_offsets":[0,1]}}"#, 1), (#"{"a":{"dtype":"U8","data_offsets":[0,1]}}"#, 1),
      (#"{"a":{"dtype":"U8","shape":[1]}}"#, 1), (#"{"a":{"dtype":8,"shape":[1],"data_offsets":[0,1]}}"#, 1),
      (#"{"a":{"dtype":"U8","shape":1,"data_offsets":[0,1]}}"#, 1),
      (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}"#, 1),
      (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}}"#, 1),
      // Numbers that are no sizes.
      (#"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}"#, 1),
      (#"{"a":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}"#, 0),
      (#"{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}"#, 1),
      (#"{"a":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}"#, 1),
      (#"{"a":{"dtype":"U8","shape":[01],"data_offsets":[0,1]}}"#, 1),
      (#"{"a":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}}"#, 1),
      (#"{"a":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,1]}}"#, 1),
      (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,18446744073709551616]}}"#, 1),
      (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1e999]}}"#, 1),
      (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}}"#, 1),
      (#"{"a":{"dtype":"U8","shape":[1,],"data_offsets":[0,1]}}"#, 1),
      // Strings that are none.
      ("{\"a\nb\":1}", 0), (#"{"\ud800":1}"#, 0), (#"{"\udc00\ud800":1}"#, 0), (#"{"\u12g4":1}"#, 0), (#"{"\x":1}"#, 0),
      (#"{"a"#, 0), (#"{"a\"#, 0), (#"{"\u00"#, 0),
    ])
  func invalidHeader(header: String, bytes: Int) {
    #expect(errorCode { _ = try open(safetensors(header, data: bytes)) } == "invalidHeader")
  }

  @Test(
    "Tensors that do not tile the data are refused",
    arguments: [
      // Sizes that differ from the shape.
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, "invalidTensor"),
      (#"{"a":{"dtype":"F32","shape":[],"data_offsets":[0,0]}}"#, 0, "invalidTensor"),
      (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4, "invalidTensor"),
      // Products that overflow, also with a zero behind.
      (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, 0, "invalidTensor"),
      (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}"#, 0, "invalidTensor"),
      (#"{"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}}"#, 0, "invalidTensor"),
      // A gap before, between; an overlap; one range twice.
      (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, 2, "invalidTensor"),
      (
        #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}"#,
        3,
        "invalidTensor"
      ),
      (
        #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#,
        3,
        "invalidTensor"
      ),
      (
        #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#,
        2,
        "invalidTensor"
      ),
      (
        #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}"#,
        2,
        "invalidTensor"
      ),
      // More or less data than tensors.
      (#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, 1, "truncatedFile"),
      (
        #"{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}"#, 1,
        "invalidTensor"
      ),
      (
        #"{"a":{"dtype":"U8","shape":[2147483647,4294967297],"data_offsets":[0,9223372036854775807]}}"#, 1,
        "invalidTensor"
      ),
      (
        #"{"a":{"dtype":"U8","shape":[2147483647,2],"data_offsets":[0,4294967294]}}"#, 1, "truncatedFile"
      ),
      (#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, 3, "invalidHeader"),
      ("{}", 1, "invalidHeader"),
      // Formats no reader here knows.
      (#"{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}"#, 1, "unsupportedDataType"),
      (#"{"a":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}}"#, 4, "unsupportedDataType"),
    ])
  func invalidTensor(header: String, bytes: Int, code: String) {
    #expect(errorCode { _ = try open(safetensors(header, data: bytes)) } == code)
  }

  @Test func lyingLengths() throws {
    #expect(errorCode { _ = try open(Data()) } == "truncatedFile")
    #expect(errorCode { _ = try open(Data([2, 0, 0, 0, 0, 0, 0])) } == "truncatedFile")
    #expect(errorCode { _ = try open(safetensors("{}", length: 3)) } == "truncatedFile")
    #expect(errorCode { _ = try open(safetensors("{}", length: 1)) } == "invalidHeader")
    #expect(errorCode { _ = try open(safetensors("{}", length: 0)) } == "truncatedFile")
    #expect(errorCode { _ = try open(safetensors("{}", length: 100_000_000)) } == "truncatedFile")
    for length: UInt64 in [100_000_001, 1 << 62, 1 << 63, .max] {
      #expect(errorCode { _ = try open(safetensors("{}", length: length)) } == "invalidHeader")
    }
  }

  @Test func textThatIsNotUTF8() throws {
    for bytes in [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80]] as [[UInt8]] {
      let header = Data(#"{"__metadata__":{"a":""#.utf8) + Data(bytes) + Data(#""}}"#.utf8)
      #expect(errorCode { _ = try open(safetensors(header, data: Data())) } == "invalidHeader")
    }
  }

  @Test func deepNestingAndLongNumbers() throws {
    for open in ["[", #"{"a":"#] {
      let bomb = #"{"a":{"x":"# + String(repeating: open, count: 100_000)
      #expect(errorCode { _ = try self.open(safetensors(bomb)) } == "invalidHeader")
    }
    let digits = String(repeating: "9", count: 100_000)
    #expect(errorCode { _ = try open(safetensors(#"{"a":{"x":\#(digits)}}"#)) } == "invalidHeader")
    let ones = String(repeating: "1,", count: 100_000) + "1"
    let long = #"{"a":{"dtype":"U8","shape":[\#(ones)],"data_offsets":[0,1]}}"#
    #expect(errorCode { _ = try open(safetensors(long, data: 1)) } == "invalidHeader")
  }

  @Test func largestHeader() throws {
    // 100 MB of spaces, which a sparse file cannot give; zeros are not JSON, and are refused without reading on.
    let url = try folder.file("large.safetensors", safetensors("{}", length: 100_000_000))
    let handle = try FileHandle(forWritingTo: url)
    try handle.truncate(atOffset: 100_000_008)
    try handle.close()
    #expect(errorCode { _ = try SafetensorsFile(url) } == "invalidHeader")
  }

  @Test func thingsThatAreNoFiles() throws {
    #expect(errorCode { _ = try SafetensorsFile(folder.url.appending(path: "absent.safetensors")) } == "fileNotFound")
    #expect(errorCode { _ = try SafetensorsFile(folder.url) } == "notAFile")
    #expect(errorCode { _ = try SafetensorsFile(URL(filePath: "/dev/null")) } == "notAFile")
    let pipe = folder.url.appending(path: "pipe")
    #expect(mkfifo(pipe.path(percentEncoded: false), 0o600) == 0)
    #expect(errorCode { _ = try SafetensorsFile(pipe) } == "notAFile")
  }

  @Test("Messages show no control characters of a hostile name")
  func hostileNames() throws {
    let header = #"{"\u001b[31m\u202e":{"dtype":"X","shape":[],"data_offsets":[0,0]}}"#
    let error = #expect(throws: CheckpointError.self) { try open(safetensors(header)) }
    #expect(error?.description.contains("\\u{1b}[31m\\u{202e}") == true)
  }
}

import Foundation
import ImagineCheckpoint
import ImagineGraph
import Testing

@Suite("A file that changes while it is in use is an error, not the end of the process")
struct ChangedFileTests {
  let folder: TemporaryFolder
  let url: URL
  let checkpoint: Checkpoint

  init() throws {
    folder = try TemporaryFolder()
    url = try writeZeros([("unet.conv_in.weight", [4, 4, 64, 64])], to: folder.url.appending(path: "m.safetensors"))
    checkpoint = try Checkpoint.open(url)
  }

  private func readAll() throws {
    _ = try read(checkpoint, "unet.conv_in.weight", as: .float32, of: Float.self, count: 65536)
  }

  private func lendAll() throws {
    _ = try checkpoint.lend("unet.conv_in.weight", count: 65536) { $1.reduce(0) { $0 | $1 } }
  }

  private func resize(to size: UInt64) throws {
    let handle = try FileHandle(forWritingTo: url)
    try handle.truncate(atOffset: size)
    try handle.close()
  }

  @Test(arguments: [0, 8, 4096, 100_000]) func cutShort(size: Int) throws {
    try readAll()
    try resize(to: UInt64(size))
    #expect(errorCode { try readAll() } == "changedFile")
    #expect(errorCode { try lendAll() } == "changedFile")
  }

  @Test func writtenTo() throws {
    let size = try Data(contentsOf: url).count
    let handle = try FileHandle(forWritingTo: url)
    try handle.seek(toOffset: UInt64(size - 1))
    try handle.write(contentsOf: Data([1]))
    try handle.close()
    // The clock of a file's changes may tick slower than this test runs.
    try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: 60)], ofItemAtPath: url.path)
    #expect(errorCode { try lendAll() } == "changedFile")
  }

  @Test("A file written to while it is lent does not count as read")
  func whileItIsLent() throws {
    #expect(
      errorCode {
        _ = try checkpoint.lend("unet.conv_in.weight", count: 65536) { _, _ in try resize(to: 1_000_000) }
      } == "changedFile")
  }

  @Test("A file that was deleted or replaced stays what it was for who has it open")
  func replaced() throws {
    let other = try folder.file("other", "something else")
    try FileManager.default.removeItem(at: url)
    try readAll()
    try FileManager.default.moveItem(at: other, to: url)
    try readAll()
  }
}

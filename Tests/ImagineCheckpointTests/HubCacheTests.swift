import Foundation
import ImagineCheckpoint
import Testing

@Suite("The cache of Hugging Face's programs")
struct HubCacheTests {
  let folder: TemporaryFolder
  let root: URL

  init() throws {
    folder = try TemporaryFolder()
    root = folder.url.appending(path: "models--owner--name", directoryHint: .isDirectory)
  }

  /// A version whose UNet has so many channels: links to files that are named by what they hold.
  private func snapshot(_ name: String, channels: Int, age: TimeInterval = 0) throws {
    let blob = try writeZeros(
      [("conv_in.weight", [channels, 4, 3, 3]), ("conv_out.weight", [4, channels, 3, 3])],
      to: root.appending(path: "blobs/\(name)blob"))
    let unet = root.appending(path: "snapshots/\(name)/unet")
    try FileManager.default.createDirectory(at: unet, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: unet.appending(path: "diffusion_pytorch_model.safetensors").path,
      withDestinationPath: "../../../blobs/\(blob.lastPathComponent)")
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: unet.deletingLastPathComponent().path)
  }

  private func channels(_ url: URL) throws -> Int? {
    try Checkpoint.open(url).tensors["unet.conv_in.weight"]?.shape.first
  }

  @Test func theVersionThatIsPresent() throws {
    try snapshot("aa", channels: 8, age: 1000)
    try snapshot("bb", channels: 16)
    try folder.file("models--owner--name/refs/main", "aa\n")
    #expect(try channels(root) == 8)
    #expect(try channels(root.appending(path: "snapshots")) == 8)
    #expect(try channels(root.appending(path: "snapshots/bb")) == 16)
  }

  @Test("Otherwise the newest that is complete") func theNewest() throws {
    try snapshot("aa", channels: 8, age: 1000)
    try snapshot("bb", channels: 16, age: 500)
    #expect(try channels(root) == 16)
    for text in ["gone", "../../x", "", "a/b", String(repeating: "a", count: 1000)] {
      try folder.file("models--owner--name/refs/main", text)
      #expect(try channels(root) == 16)
    }
    // A version that is still being downloaded.
    try folder.file("models--owner--name/snapshots/cc/unet/config.json", "{}")
    #expect(try channels(root) == 16)
  }

  @Test func nothingThere() throws {
    try FileManager.default.createDirectory(
      at: root.appending(path: "snapshots"), withIntermediateDirectories: true)
    #expect(errorCode { _ = try Checkpoint.open(root) } == "missingWeights")
    try snapshot("aa", channels: 8)
    try FileManager.default.removeItem(at: root.appending(path: "blobs"))
    #expect(errorCode { _ = try Checkpoint.open(root) } == "fileNotFound")
  }
}

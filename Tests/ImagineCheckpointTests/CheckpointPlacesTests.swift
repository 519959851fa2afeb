import Foundation
import ImagineCheckpoint
import Testing

@Suite("What there is to open in a folder") struct CheckpointPlacesTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func places(_ path: String = "") throws -> [String] {
    let start = path.isEmpty ? folder.url : folder.url.appending(path: path)
    let root = folder.url.path(percentEncoded: false)
    return try Checkpoint.places(in: start).map { place in
      place.path(percentEncoded: false).dropFirst(root.count).split(separator: "/").joined(separator: "/")
    }
  }

  @Test("Other programs' folders for networks of many models are none themselves") func foldersOfPrograms() throws {
    for file in ["vae/a.safetensors", "unet/b.GGUF", "checkpoints/xl/c.ckpt", "loras/d.pt", "d.txt", ".hidden.bin"] {
      try folder.file(file, "x")
    }
    #expect(try places() == ["checkpoints/xl/c.ckpt", "loras/d.pt", "unet/b.GGUF", "vae/a.safetensors"])
  }

  @Test func modelsAreOnePlace() throws {
    for file in [
      "diffusers/model_index.json", "diffusers/unet/config.json", "diffusers/unet/x.safetensors", "net/config.json",
      "hub/models--me--it/snapshots/1/unet/config.json", "bare/vae/config.json", "bare/vae/x.bin",
    ] { try folder.file(file, "{}") }
    #expect(try places() == ["bare", "diffusers", "hub/models--me--it", "net"])
    #expect(try places("diffusers") == ["diffusers"])
  }

  @Test func shardsAreTheirIndex() throws {
    for file in ["m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors", "m.safetensors.index.json"] {
      try folder.file(file, "{}")
    }
    #expect(try places() == ["m.safetensors.index.json"])
  }

  @Test func linksThatLeadBackEnd() throws {
    try folder.file("a/x.safetensors", "x")
    let link = folder.url.appending(path: "a/back")
    try FileManager.default.createSymbolicLink(at: link, withDestinationURL: folder.url)
    #expect(try places() == ["a/x.safetensors"])
  }

  @Test func whatIsNotThereIsSaid() throws {
    #expect(errorCode { _ = try Checkpoint.places(in: folder.url.appending(path: "absent")) } == "fileNotFound")
    #expect(try places().isEmpty)
    let file = try folder.file("a.txt", "x")
    #expect(try Checkpoint.places(in: file) == [file])
  }
}

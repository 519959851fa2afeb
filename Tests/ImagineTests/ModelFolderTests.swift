import Foundation
import Imagine
import Testing

/// Folders of models, however strange.
@Suite struct ModelFolderTests {
  private func withFolder(_ body: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "imagine-models-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder)
  }

  private static let empty = "e3b0c44298"

  @Test("A model is found by its name, by its hash, and among several of a name by both", .timeLimit(.minutes(1)))
  func models() async throws {
    try await withFolder { folder in
      let below = folder.appending(path: "b")
      try FileManager.default.createDirectory(at: below, withIntermediateDirectories: true)
      try Data("x".utf8).write(to: folder.appending(path: "Dream.safetensors"))
      try Data().write(to: below.appending(path: "dream.safetensors"))
      let models = ModelFolder(folder)
      #expect(try await models.model(named: "sd\\dream", hash: nil)?.lastPathComponent == "Dream.safetensors")
      #expect(try await models.model(named: "dream", hash: Self.empty)?.lastPathComponent == "dream.safetensors")
      #expect(
        try await models.model(named: "other", hash: Self.empty.uppercased())?.lastPathComponent == "dream.safetensors")
      #expect(try await models.model(named: nil, hash: "0000000000") == nil)
    }
  }

  @Test(
    "Circles of links, folders and pipes with a model's name, and folders that are not there hold nobody up",
    .timeLimit(.minutes(1)))
  func strangeFolders() async throws {
    try await withFolder { folder in
      let files = FileManager.default
      try files.createDirectory(at: folder.appending(path: "model.safetensors"), withIntermediateDirectories: true)
      try files.createSymbolicLink(at: folder.appending(path: "round"), withDestinationURL: folder)
      try files.createSymbolicLink(
        at: folder.appending(path: "lost.safetensors"), withDestinationURL: folder.appending(path: "nothing"))
      try #require(mkfifo(folder.appending(path: "pipe.ckpt").path, 0o600) == 0)
      for name in ["model", "lost", "pipe", "none"] {
        #expect(try await ModelFolder(folder).model(named: name, hash: Self.empty) == nil, "\(name)")
      }
      try Data().write(to: folder.appending(path: "real.ckpt"))
      // The folder itself may be a link.
      let link = folder.appending(path: "link")
      try files.createSymbolicLink(at: link, withDestinationURL: folder)
      #expect(try await ModelFolder(link).model(named: "real", hash: nil)?.lastPathComponent == "real.ckpt")
      #expect(try await ModelFolder(folder.appending(path: "absent")).model(named: "real", hash: nil) == nil)
      #expect(try await ModelFolder(folder.appending(path: "real.ckpt")).model(named: "x", hash: nil) == nil)
    }
  }

  @Test("A search that is cancelled ends") func cancellation() async throws {
    try await withFolder { folder in
      for index in 0..<600 { try Data().write(to: folder.appending(path: "\(index).ckpt")) }
      let search = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await ModelFolder(folder).model(named: "none", hash: "0000000000")
      }
      await #expect(throws: CancellationError.self) { try await search.value }
    }
  }
}

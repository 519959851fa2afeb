import Foundation
import Imagine
import ImagineHubTesting
import ImagineCheckpoint
import Synchronization
import Testing

@testable import ImagineHub

/// Files from addresses: their names, their versions, and where they are put.
@Suite(.timeLimit(.minutes(2))) struct DirectFileTests {
  private func lora(_ value: Float = 0) throws -> [UInt8] {
    let url = FileManager.default.temporaryDirectory.appending(path: "lora-\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try SafetensorsWriter.write(
      [
        .init(
          name: "lora_unet_x.lora_down.weight", shape: [4, 1000],
          values: .float32([Float](repeating: value, count: 4000)))
      ],
      to: url)
    return Array(try Data(contentsOf: url))
  }

  private func fetch(_ hub: Hub, _ url: URL, kind: ModelKind? = nil) async throws -> URL {
    try await hub.fetch(hub.offer(.address(url), kind: kind))
  }

  @Test("A file is put where its kind belongs, by the name that its host gives it, and is known again by its hash")
  func placeAndName() async throws {
    try await TestHub.with { test in
      let bytes = try lora()
      let server = try HostileServer { request, connection in
        connection.file(
          bytes, request, headers: ["Content-Disposition: attachment; filename=\"../../my style.safetensors\""])
      }
      let url = try await fetch(test.hub(server), server.url("/api/download/models/5"))
      #expect(url.path.hasSuffix("/home/lora/my style.safetensors"))
      #expect(try Array(Data(contentsOf: url)) == bytes)
      let home = ModelHome(test.home)
      #expect(try await ModelCheck(url, home: home).files.map(\.result) == [.intact])
      try Data(bytes.reversed()).write(to: url)
      #expect(try await ModelCheck(url, home: home).files.map(\.result) == [.damaged])
      // Another of the name stands beside it.
      let second = try await fetch(test.hub(server), server.url("/api/download/models/5"))
      #expect(second.lastPathComponent == "my style-2.safetensors")
      try home.remove(second)
      #expect(!FileManager.default.fileExists(atPath: second.path) && home.checksum(of: second) == nil)
      #expect(throws: ImagineError.self) { try home.remove(test.cache) }
      #expect(!test.files.contains { $0.contains(".incoming") })
    }
  }

  /// What a host does with `If-Range` for a version that it no longer has.
  enum Manners: CaseIterable { case honest, careless }

  @Test(
    "What is kept of another version is begun anew, between two runs and in the midst of one",
    arguments: Manners.allCases)
  func versions(_ manners: Manners) async throws {
    let old = try lora(1), new = try lora(2)
    try await TestHub.with { test in
      // The version there is, and how often it was asked for.
      let state = Mutex((isNew: false, count: 0))
      let server = try HostileServer { request, connection in
        let (isNew, count) = state.withLock {
          $0.count += 1; return $0
        }
        let bytes = isNew ? new : old, headers = ["ETag: \"\(isNew ? "new" : "old")\""]
        switch (count, isNew) {
        // The head alone; half of it; then the host is gone.
        case (1, false): connection.file(bytes, request, headers: headers)
        case (2, false): connection.answer("200 OK", Array(bytes[..<5000]), headers: headers, length: bytes.count)
        case (_, false): connection.answer("404 Not Found")
        case (_, true):
          if manners == .honest, let wanted = request.headers["if-range"], wanted != "\"new\"" {
            return connection.answer("200 OK", bytes, headers: headers)
          }
          connection.file(bytes, request, headers: headers)
        }
      }
      let hub = try test.hub(server), url = server.url("/x.safetensors")
      let offer = try await hub.offer(.address(url))
      await #expect(throws: ImagineError.self) { _ = try await hub.fetch(offer) }
      #expect(test.files.contains { $0.hasSuffix(".part") } && test.files.contains { $0.hasSuffix(".part.version") })
      state.withLock { $0.isNew = true }
      // The offer is of the old version still.
      let done = try await hub.fetch(offer)
      #expect(try Array(Data(contentsOf: done)) == new)
      #expect(server.requests.contains { $0.headers["if-range"] == "\"old\"" })
    }
  }

  @Test("An interrupted file of the same version goes on where it was") func resumed() async throws {
    let bytes = try lora(3)
    try await TestHub.with { test in
      let count = Mutex(0)
      let server = try HostileServer { request, connection in
        let number = count.withLock {
          $0 += 1; return $0
        }
        // The first asks for the head alone.
        guard number == 2 else { return connection.file(bytes, request, headers: ["ETag: \"v\""]) }
        connection.answer("200 OK", Array(bytes[..<7000]), headers: ["ETag: \"v\""], length: bytes.count)
      }
      let done = try await fetch(test.hub(server), server.url("/x.safetensors"))
      #expect(try Array(Data(contentsOf: done)) == bytes)
      let last = try #require(server.requests.last)
      #expect(last.start == 7000 && last.headers["if-range"] == "\"v\"")
    }
  }

  @Test("Pages, pickles, and what is no model are told from what is") func refusals() async throws {
    let cases: [(String, [String], [UInt8], [String])] = [
      ("/page", ["Content-Type: text/html"], Array("<html>".utf8), ["page"]),
      ("/x.ckpt", [], [1, 2, 3], ["pickle"]), ("/x.zip", [], [1, 2, 3], ["'x.zip'", "no file of weights"]),
      ("/x", ["Content-Disposition: attachment; filename=\".hidden.safetensors\""], [1], ["no name"]),
      ("/x.safetensors", [], Array("garbage that is no header".utf8), ["has come", "kept as"]),
      ("/", [], [1], ["no name"]),
    ]
    for (path, headers, body, words) in cases {
      try await TestHub.with { test in
        let server = try HostileServer { $1.answer("200 OK", body, headers: headers) }
        do {
          let url = try await fetch(test.hub(server), server.url(path))
          Issue.record("\(path): \(url)")
        } catch let error as ImagineError {
          for word in words { #expect(error.message.contains(word), "\(path): \(error.message)") }
          #expect(!test.files.contains { $0.hasPrefix("home/") && !$0.contains(".incoming") })
        }
      }
    }
  }

  @Test func namesOfHeaders() {
    #expect(DirectFile.dispositionName("attachment; filename=\"a b.safetensors\"") == "a b.safetensors")
    #expect(DirectFile.dispositionName("attachment; filename=a.ckpt; filename*=UTF-8''%C3%A4.ckpt") == "ä.ckpt")
    #expect(DirectFile.dispositionName("inline") == nil)
  }

  @Test("Files that are there are linked or copied in, and told so") func imports() async throws {
    try await TestHub.with { test in
      let file = test.folder.appending(path: "style.safetensors"), home = ModelHome(test.home)
      try Data(lora()).write(to: file)
      let linked = try await home.add(file)
      #expect(linked == .linked(test.home.appending(path: "lora/style.safetensors")))
      #expect(try await home.add(file) == linked)
      let copied = try await home.add(file, .lora, copying: true)
      #expect(copied == .copied(test.home.appending(path: "lora/style-2.safetensors")))
      #expect(try Data(contentsOf: copied.url) == Data(contentsOf: file))
      #expect(try await home.add(copied.url) == .present(copied.url))
      // Removing a link leaves what it leads to.
      try home.remove(linked.url)
      #expect(FileManager.default.fileExists(atPath: file.path))
      try Data("nothing".utf8).write(to: file)
      await #expect(throws: ImagineError.self) { try await home.add(file) }
      await #expect(throws: ImagineError.self) { try await home.add(test.folder.appending(path: "absent")) }
    }
  }
}

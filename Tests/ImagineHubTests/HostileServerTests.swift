import Foundation
import Imagine
import ImagineHubTesting
import Synchronization
import Testing

@testable import ImagineHub

/// Fetching from servers that lie, stumble and send on.
@Suite(.timeLimit(.minutes(2))) struct HostileServerTests {
  private static let weights = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
  private static let repository = TestRepository(["model.safetensors": weights])

  /// The sentence with which a fetch ends.
  private func complaint(_ body: () async throws -> URL) async -> String {
    do {
      return "fetched \(try await body())"
    } catch let error as ImagineError {
      #expect(error.message.hasSuffix("."), "\(error.message)")
      return error.message
    } catch { return "\(error)" }
  }

  private func fetch(_ hub: Hub, _ source: String = "a/b") async throws -> URL {
    try await hub.fetch(hub.offer(HubSource(source)))
  }

  private func bytes(_ url: URL) throws -> [UInt8] { Array(try Data(contentsOf: url)) }

  @Test("A file comes into the shared cache: contents under their hash, a version of links, the branch that has it")
  func cacheLayout() async throws {
    try await TestHub.with { test in
      let server = try HostileServer { Self.repository.answer($0, $1) }
      let hub = try test.hub(server), offer = try await hub.offer(HubSource("a/b"))
      #expect(
        offer.licence == "openrail" && offer.byteCount == Self.weights.count && offer.missingBytes == Self.weights.count
      )
      #expect((offer.freeBytes ?? 0) > 0)
      let seen = Mutex(0)
      let url = try await hub.fetch(offer) { progress in
        seen.withLock { $0 = max($0, progress.receivedBytes) }
        #expect(progress.totalBytes == Self.weights.count)
      }
      #expect(seen.withLock { $0 } == Self.weights.count)
      #expect(try bytes(url) == Self.weights)
      let root = test.cache.appending(path: "models--a--b"), hash = TestRepository.sha256(Self.weights)
      #expect(url == root.appending(path: "snapshots/\(TestRepository.commit)/model.safetensors"))
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: url.path) == "../../blobs/\(hash)")
      #expect(try String(contentsOf: root.appending(path: "refs/main"), encoding: .utf8) == TestRepository.commit)
      #expect(!test.files.contains { $0.hasSuffix(".incomplete") })
      // Nothing is fetched twice.
      let before = server.requests.count
      let again = try await hub.offer(HubSource("a/b"))
      #expect(again.missingBytes == 0)
      #expect(try await hub.fetch(again) == url)
      #expect(server.requests.count == before + 1)
      #expect(server.requests.allSatisfy { $0.headers["authorization"] == nil })
    }
  }

  @Test("A connection that is lost again and again goes on where it was")
  func dropping() async throws {
    try await TestHub.with { test in
      let drops = Mutex(0)
      let server = try HostileServer { request, connection in
        guard let bytes = Self.repository.file(request.path) else {
          return Self.repository.answer(request, connection)
        }
        let start = request.start ?? 0,
          number = drops.withLock {
            $0 += 1; return $0
          }
        guard number <= 7 else { return connection.file(bytes, request) }
        let end = min(bytes.count, start + 10_000)
        connection.answer(
          start > 0 ? "206 Partial Content" : "200 OK", Array(bytes[start..<end]),
          headers: start > 0 ? ["Content-Range: bytes \(start)-\(bytes.count - 1)/\(bytes.count)"] : [],
          length: bytes.count - start)
      }
      #expect(try bytes(await fetch(test.hub(server))) == Self.weights)
      let starts = server.requests.filter { $0.path.contains("/resolve/") }.map(\.start)
      #expect(starts == [nil] + (1...7).map { $0 * 10_000 })
    }
  }

  @Test("What a run has left is taken up by the next; of a part that is not the file's, nothing stays")
  func leftovers() async throws {
    for (left, isRight) in [(Array(Self.weights[..<60_000]), true), ([UInt8](repeating: 7, count: 60_000), false)] {
      try await TestHub.with { test in
        let server = try HostileServer { Self.repository.answer($0, $1) }
        let blobs = test.cache.appending(path: "models--a--b/blobs")
        try FileManager.default.createDirectory(at: blobs, withIntermediateDirectories: true)
        let part = blobs.appending(path: TestRepository.sha256(Self.weights) + ".incomplete")
        try Data(left).write(to: part)
        let hub = try test.hub(server)
        #expect(try await hub.offer(HubSource("a/b")).missingBytes == 40_000)
        if isRight {
          #expect(try bytes(await fetch(hub)) == Self.weights)
        } else {
          let words = await complaint { try await fetch(hub) }
          #expect(words.contains("came damaged") && words.contains("SHA-256"), "\(words)")
          #expect(!FileManager.default.fileExists(atPath: part.path))
          #expect(try bytes(await fetch(hub)) == Self.weights)
        }
        #expect(server.requests.contains { $0.start == 60_000 })
      }
    }
  }

  @Test("A length that is not the truth, either way, and contents that are others are each one sentence")
  func lies() async throws {
    let longer = Self.weights + [1, 2, 3]
    let answers: [(String, @Sendable (HostileServer.Request, HostileServer.Connection) -> Void, [String])] = [
      ("says less than it sends", { $1.answer("200 OK", Self.weights, length: 50_000) }, ["50000 of 100000", "times"]),
      ("says more than the file has", { $1.answer("200 OK", longer) }, ["more bytes", "100000"]),
      (
        "sends more without saying how much",
        {
          $1.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
          $1.send(longer)
        }, ["more bytes"]
      ),
      (
        "promises all and ends early",
        { request, connection in
          request.start == nil
            ? connection.answer("200 OK", Array(Self.weights[..<500]), length: 100_000)
            : connection.answer(
              "206 Partial Content", [], headers: ["Content-Range: bytes 500-99999/100000"], length: 99_500)
        }, ["lost", "times"]
      ),
      ("sends other contents", { $1.answer("200 OK", Self.weights.reversed()) }, ["came damaged", "SHA-256"]),
      (
        "sends a page",
        { $1.answer("200 OK", Array("<html>".utf8), headers: ["Content-Type: text/html; charset=utf-8"]) }, ["page"]
      ),
      ("has no such part", { $1.answer("416 Range Not Satisfiable") }, ["no such part", "times"]),
      (
        "gives another part",
        { $1.answer("206 Partial Content", [1, 2], headers: ["Content-Range: bytes 5-6/100000"]) }, ["another part"]
      ),
      ("is not there", { $1.answer("404 Not Found") }, ["no 'model.safetensors'"]),
      ("answers oddly", { $1.answer("418 I'm a teapot") }, ["418"]),
      ("breaks", { $1.answer("500 Internal Server Error") }, ["error of its own", "5 times"]),
      ("says nothing", { _, _ in }, ["lost"]),
      ("sends what is no HTTP", { $1.send("hello\r\n\r\n") }, ["'127.0.0.1'"]),
      (
        "changes the file on the way",
        {
          $1.answer("200 OK", Self.weights, headers: ["X-Linked-Etag: \"\(String(repeating: "0", count: 64))\""])
        }, ["another version"]
      ),
    ]
    for (what, answer, words) in answers {
      try await TestHub.with { test in
        let server = try HostileServer { request, connection in
          request.path.contains("/resolve/") ? answer(request, connection) : Self.repository.answer(request, connection)
        }
        let message = await complaint { try await fetch(test.hub(server)) }
        #expect(!message.hasPrefix("fetched"), "\(what)")
        for word in words { #expect(message.contains(word), "\(what): \(message)") }
        #expect(server.requests.count < 20, "\(what)")
        #expect(!test.files.contains { $0.contains("snapshots") }, "\(what)")
      }
    }
  }

  @Test("A silent host, headers without end, and a connection that nobody answers are given up")
  func patience() async throws {
    try await TestHub.with { test in
      let server = try HostileServer { request, connection in
        if request.path.contains("silent") { return sleep(20) == 0 ? () : () }
        connection.send("HTTP/1.1 200 OK\r\n")
        while connection.send("X-More: \(String(repeating: "x", count: 4000))\r\n") {}
      }
      let hub = try test.hub(server)
      let silent = await complaint { try await fetch(hub, "a/silent") }
      #expect(silent.contains("fallen silent") || silent.contains("lost"), "\(silent)")
      let endless = await complaint { try await fetch(hub, "a/endless") }
      #expect(endless.contains("headers that do not end") || endless.contains("lost"), "\(endless)")
    }
    try await TestHub.with { test in
      let server = try HostileServer { _, _ in }
      var settings = try HubSettings(environment: ["HF_ENDPOINT": "http://127.0.0.1:1"])
      settings.cache = test.cache
      let waits = test.waits
      let hub = Hub(settings, limits: HTTPLimits(connectSeconds: 2, idleSeconds: 2, userAgent: "test")) {
        waits.add($0)
      }
      let words = await complaint { try await fetch(hub) }
      #expect(words.contains("cannot be reached"), "\(words)")
      withExtendedLifetime(server) {}
    }
  }

  // MARK: Elsewhere

  @Test("A token stays with its host: another one gets none, nor does the first when it is come back to")
  func tokens() async throws {
    try await TestHub.with { test in
      let port = Mutex<UInt16>(0)
      let server = try HostileServer { request, connection in
        let port = port.withLock { $0 }
        if request.path.contains("/resolve/") {
          return connection.answer("302 Found", headers: ["Location: /moved"])
        }
        switch request.path {
        case "/moved": connection.answer("302 Found", headers: ["Location: http://localhost:\(port)/away"])
        case "/away": connection.answer("307 Temporary Redirect", headers: ["Location: http://127.0.0.1:\(port)/back"])
        case "/back": connection.file(Self.weights, request)
        default: Self.repository.answer(request, connection)
        }
      }
      port.withLock { $0 = server.port }
      #expect(try bytes(await fetch(test.hub(server, token: "secret"))) == Self.weights)
      for request in server.requests {
        let isNamed = request.path.hasPrefix("/api") || request.path.contains("/resolve/") || request.path == "/moved"
        #expect(request.headers["authorization"] == (isNamed ? "Bearer secret" : nil), "\(request.path)")
      }
      #expect(server.requests.contains { $0.path == "/away" && $0.headers["host"]?.hasPrefix("localhost") == true })
    }
  }

  @Test("Redirections without end, to nowhere, and to other protocols are not followed")
  func redirections() async throws {
    for (location, words) in [
      ("/round", "more than 10 times"), ("ftp://127.0.0.1/x", "no address"), ("file:///etc/passwd", "no address"),
      ("", "no address"),
    ] {
      try await TestHub.with { test in
        let count = Mutex(0)
        let server = try HostileServer { request, connection in
          if request.path.hasPrefix("/api") { return Self.repository.answer(request, connection) }
          let number = count.withLock {
            $0 += 1; return $0
          }
          let place = location == "/round" ? "/round\(number % 10_000)" : location
          connection.answer("302 Found", headers: place.isEmpty ? [] : ["Location: \(place)"])
        }
        let message = await complaint { try await fetch(test.hub(server)) }
        #expect(message.contains(words), "\(location): \(message)")
        #expect(count.withLock { $0 } <= 12)
      }
    }
  }

  @Test("Who must say who they are is told where and how; a token that is given goes along")
  func access() async throws {
    try await TestHub.with { test in
      let server = try HostileServer { request, connection in
        request.headers["authorization"] == "Bearer right"
          ? Self.repository.answer(request, connection) : connection.answer("401 Unauthorized")
      }
      let message = await complaint { try await fetch(test.hub(server)) }
      for word in ["401", "HF_TOKEN", "/a/b"] { #expect(message.contains(word), "\(message)") }
      let wrong = await complaint { try await fetch(test.hub(server, token: "wrong")) }
      #expect(wrong.contains("account of your token"), "\(wrong)")
      #expect(try bytes(await fetch(test.hub(server, token: "right"))) == Self.weights)
    }
  }

  @Test("A host that is asked too often is waited for as it asks, but not for hours")
  func retryAfter() async throws {
    try await TestHub.with { test in
      let count = Mutex(0)
      let server = try HostileServer { request, connection in
        guard request.path.contains("/resolve/") else { return Self.repository.answer(request, connection) }
        let number = count.withLock {
          $0 += 1; return $0
        }
        if number <= 2 { return connection.answer("429 Too Many Requests", headers: ["Retry-After: 7"]) }
        connection.file(Self.weights, request)
      }
      #expect(try bytes(await fetch(test.hub(server))) == Self.weights)
      #expect(test.waits.all == [7, 7])
    }
    try await TestHub.with { test in
      let server = try HostileServer { $1.answer("429 Too Many Requests", headers: ["Retry-After: 7200"]) }
      let message = await complaint { try await fetch(test.hub(server)) }
      #expect(message.contains("7200 seconds"), "\(message)")
      #expect(test.waits.all.isEmpty)
    }
    let date = Date(timeIntervalSince1970: 784_111_777)
    #expect(Courier.seconds("Sun, 06 Nov 1994 08:49:47 GMT", now: date) == 10)
    #expect(Courier.seconds("Sun, 06 Nov 1994 08:49:17 GMT", now: date) == 0)
    #expect(
      Courier.seconds("soon") == nil && Courier.seconds("-5") == nil && Courier.seconds("99999999999999999999") == nil)
  }

  @Test("Listings that are none, too long, or lead out of their folder") func listings() async throws {
    for body in [
      "", "[]", "{\"sha\": 5}", String(repeating: "[", count: 100_000), "{\"sha\":\"\(TestRepository.commit)\"}",
    ] {
      try await TestHub.with { test in
        let server = try HostileServer { $1.answer("200 OK", Array(body.utf8)) }
        let message = await complaint { try await fetch(test.hub(server)) }
        #expect(message.contains("no listing"), "\(message)")
      }
    }
    try await TestHub.with { test in
      let evil = TestRepository(["../../evil.safetensors": Self.weights, "/etc/evil.safetensors": Self.weights])
      let server = try HostileServer { evil.answer($0, $1) }
      let message = await complaint { try await fetch(test.hub(server)) }
      #expect(message.contains("no weights"), "\(message)")
      #expect(test.files.isEmpty)
    }
  }

  @Test("A fetch that is cancelled leaves a part for the next") func cancellation() async throws {
    try await TestHub.with { test in
      let isSlow = Atomic(true)
      let server = try HostileServer { request, connection in
        guard let bytes = Self.repository.file(request.path), isSlow.load(ordering: .relaxed) else {
          return Self.repository.answer(request, connection)
        }
        connection.answer("200 OK", Array(bytes[..<30_000]), length: bytes.count)
        sleep(2)
      }
      let hub = try test.hub(server), offer = try await hub.offer(HubSource("a/b"))
      let task = Task { try await hub.fetch(offer) }
      while !(test.files.contains { $0.hasSuffix(".incomplete") }) || server.requests.count < 2 {
        try await Task.sleep(for: .milliseconds(5))
      }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      isSlow.store(false, ordering: .relaxed)
      #expect(try bytes(await fetch(hub)) == Self.weights)
    }
  }

  @Test("A file that another process fetches is left to it") func twoProcesses() async throws {
    try await TestHub.with { test in
      let server = try HostileServer { Self.repository.answer($0, $1) }
      let locks = test.cache.appending(path: ".locks/models--a--b")
      try FileManager.default.createDirectory(at: locks, withIntermediateDirectories: true)
      let lock = FileLock(locks.appending(path: "\(TestRepository.sha256(Self.weights)).lock").path)
      #expect(lock != nil)
      let message = await complaint { try await fetch(test.hub(server)) }
      #expect(message.contains("Another program"), "\(message)")
      withExtendedLifetime(lock) {}
    }
  }
}

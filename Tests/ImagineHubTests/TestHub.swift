import Foundation
import Imagine
import Synchronization

@testable import ImagineHub

/// A hub whose cache and home are a folder of its own, and that is asked at a server on this machine.
struct TestHub {
  let folder: URL
  /// Waits that were asked for, in seconds; none is waited.
  let waits = Waits()

  final class Waits: Sendable {
    private let seconds = Mutex<[Double]>([])
    var all: [Double] { seconds.withLock { $0 } }
    func add(_ duration: Duration) { seconds.withLock { $0.append(duration / .seconds(1)) } }
  }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "imagine-hub-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }

  static func with(_ body: (TestHub) async throws -> Void) async throws {
    let hub = try TestHub()
    defer { hub.remove() }
    try await body(hub)
  }

  var cache: URL { folder.appending(path: "hub") }
  var home: URL { folder.appending(path: "home") }

  func hub(_ server: HostileServer, token: String? = nil) throws -> Hub {
    var settings = try HubSettings(environment: ["HF_ENDPOINT": server.url("").absoluteString])
    settings.cache = cache
    settings.home = home
    settings.token = token
    let waits = waits
    return Hub(
      settings, limits: HTTPLimits(connectSeconds: 5, idleSeconds: 1, userAgent: "test")
    ) { waits.add($0) }
  }

  /// Every file below the folder, hidden ones too, as paths.
  var files: [String] {
    ((try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []).filter {
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: folder.appending(path: $0).path, isDirectory: &isFolder)
      return !isFolder.boolValue
    }.sorted()
  }
}

/// A repository as Hugging Face would tell of it.
struct TestRepository: Sendable {
  static let commit = String(repeating: "ab", count: 20)
  var files: [String: [UInt8]]
  var licence = "openrail"
  /// What is told of a file instead of the truth.
  var claimedSizes: [String: Int] = [:]
  var claimedHashes: [String: String] = [:]

  init(_ files: [String: [UInt8]]) { self.files = files }

  static func sha256(_ bytes: [UInt8]) -> String { FileDigest.sha256(of: bytes) }

  /// Large files are those of weights here.
  var listing: [UInt8] {
    let entries = files.sorted { $0.key < $1.key }.map { name, bytes -> String in
      let size = claimedSizes[name] ?? bytes.count, hash = claimedHashes[name] ?? Self.sha256(bytes)
      let path = String(decoding: (try? JSONEncoder().encode(name)) ?? Data(), as: UTF8.self)
      let isLarge = name.hasSuffix(".safetensors") || name.hasSuffix(".ckpt") || name.hasSuffix(".bin")
      return isLarge
        ? #"{"rfilename":\#(path),"size":\#(size),"blobId":"\#(hash.prefix(40))","lfs":{"sha256":"\#(hash)","size":\#(size)}}"#
        : #"{"rfilename":\#(path),"size":\#(size),"blobId":"\#(hash.prefix(40))"}"#
    }
    return Array(
      #"{"id":"a/b","sha":"\#(Self.commit)","gated":false,"cardData":{"license":"\#(licence)"},"siblings":[\#(entries.joined(separator: ","))]}"#
        .utf8)
  }

  /// The file that a path asks for.
  func file(_ path: String) -> [UInt8]? {
    guard let range = path.range(of: "/resolve/\(Self.commit)/") else { return nil }
    return files[String(path[range.upperBound...]).removingPercentEncoding ?? ""]
  }

  /// Answers as Hugging Face does.
  func answer(_ request: HostileServer.Request, _ connection: HostileServer.Connection) {
    if request.path.hasPrefix("/api/models/") { return connection.answer("200 OK", listing) }
    guard let bytes = file(request.path) else { return connection.answer("404 Not Found") }
    connection.file(bytes, request)
  }
}

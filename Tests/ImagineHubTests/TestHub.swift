import Foundation
import Imagine
import ImagineHubTesting
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

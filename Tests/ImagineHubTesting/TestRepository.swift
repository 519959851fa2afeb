internal import Foundation
internal import Imagine

/// A repository as Hugging Face would tell of it.
package struct TestRepository: Sendable {
  package static let commit = String(repeating: "ab", count: 20)
  package var files: [String: [UInt8]]
  package var licence = "openrail"
  /// What is told of a file instead of the truth.
  package var claimedSizes: [String: Int] = [:]
  package var claimedHashes: [String: String] = [:]

  package init(_ files: [String: [UInt8]]) { self.files = files }

  package static func sha256(_ bytes: [UInt8]) -> String { FileDigest.sha256(of: bytes) }

  /// Large files are those of weights here.
  package var listing: [UInt8] {
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
  package func file(_ path: String) -> [UInt8]? {
    guard let range = path.range(of: "/resolve/\(Self.commit)/") else { return nil }
    return files[String(path[range.upperBound...]).removingPercentEncoding ?? ""]
  }

  /// Answers as Hugging Face does.
  package func answer(_ request: HostileServer.Request, _ connection: HostileServer.Connection) {
    if request.path.hasPrefix("/api/models/") { return connection.answer("200 OK", listing) }
    guard let bytes = file(request.path) else { return connection.answer("404 Not Found") }
    connection.file(bytes, request)
  }
}

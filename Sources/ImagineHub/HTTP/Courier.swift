internal import Foundation
internal import Imagine

/// Asks hosts, follows where they send it, tries again where that may help, and never gives a token to a host that it is not for.
struct Courier: Sendable {
  /// Bytes that are asked for from here on, if the file is still the one that the first bytes are of.
  struct Continuation: Sendable {
    let start: Int
    /// Nil where the address itself says which version it is.
    let validator: String?
  }

  /// The last answer, and what was said of the file on the way.
  struct Answer: Sendable {
    let head: HTTPHead
    /// The host that gave it.
    let host: String
    /// The SHA-256 and the size that Hugging Face tells of the file that it sends elsewhere for; nil without.
    let linkedTag: String?
    let linkedSize: Int?
  }

  let limits: HTTPLimits
  /// Tokens by the scheme, host and port that they are for.
  let tokens: [Origin: String]
  /// Waits; tests do not.
  let pause: @Sendable (Duration) async throws -> Void

  /// Hosts send on two or three times.
  private static let mostRedirections = 10

  /// Asks once.
  ///
  /// - Parameter file: what messages call it.
  /// - Throws: `HTTPFailure`, `CancellationError`; `ImagineError` for redirections that are not followed.
  func ask(
    _ url: URL, _ file: String, from continuation: Continuation? = nil, into receiver: any HTTPReceiver
  ) async throws -> Answer {
    var url = url, token = Origin(url).flatMap { tokens[$0] }
    var linkedTag: String?, linkedSize: Int?
    for _ in 0...Self.mostRedirections {
      guard let origin = Origin(url) else {
        throw ImagineError(.downloadFailed, "\(file) is at no address of http or https: name another one.")
      }
      var headers = ["Accept-Encoding: identity"]
      if let token { headers.append("Authorization: Bearer \(token)") }
      if let continuation {
        headers.append("Range: bytes=\(continuation.start)-")
        if let validator = continuation.validator { headers.append("If-Range: \(validator)") }
      }
      let redirect = RedirectReceiver(receiver)
      let head: HTTPHead
      do { head = try await HTTPTransfer(url, headers: headers, limits, into: redirect).run() } catch var failure
        as HTTPFailure
      {
        failure.host = origin.host
        throw failure
      }
      linkedTag = linkedTag ?? head["x-linked-etag"]
      linkedSize = linkedSize ?? head["x-linked-size"].flatMap { Int($0) }
      guard RedirectReceiver.isRedirection(head) else {
        return Answer(head: head, host: origin.host, linkedTag: linkedTag, linkedSize: linkedSize)
      }
      guard let location = head["location"], let next = URL(string: location, relativeTo: url)?.absoluteURL,
        let nextOrigin = Origin(next)
      else {
        throw ImagineError(.downloadFailed, "'\(origin.host)' sends on to no address for \(file): try again later.")
      }
      guard nextOrigin.scheme == "https" || origin.scheme == "http" else {
        throw ImagineError(
          .downloadFailed,
          "'\(origin.host)' sends on from https to http for \(file): it is not followed, since others could change what comes."
        )
      }
      // A token does not come back either: what is asked then, another host has written.
      if nextOrigin != origin { token = nil }
      url = next
    }
    throw ImagineError(
      .downloadFailed,
      "\(file) is sent on more than \(Self.mostRedirections) times, from '\(Origin(url)?.host ?? "")' at last: check the address."
    )
  }
}

/// Passes on what is no redirection.
private final class RedirectReceiver: HTTPReceiver {
  private let receiver: any HTTPReceiver

  init(_ receiver: any HTTPReceiver) { self.receiver = receiver }

  static func isRedirection(_ head: HTTPHead) -> Bool { [301, 302, 303, 307, 308].contains(head.status) }

  func begin(_ head: HTTPHead) -> Bool { !Self.isRedirection(head) && receiver.begin(head) }
  func receive(_ bytes: UnsafeRawBufferPointer) -> Bool { receiver.receive(bytes) }
}

/// Who is asked: scheme, host and port, as browsers tell one site from another.
struct Origin: Sendable, Hashable {
  let scheme: String
  let host: String
  let port: Int

  /// Nil for what is not of http or https.
  init?(_ url: URL) {
    guard let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme),
      let host = url.host(percentEncoded: false)?.lowercased(), !host.isEmpty
    else { return nil }
    self.scheme = scheme
    self.host = host
    port = url.port ?? (scheme == "https" ? 443 : 80)
  }
}

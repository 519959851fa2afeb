internal import CCurl

/// Why there is no answer, or only a part of one.
struct HTTPFailure: Error, Sendable {
  enum Kind: Sendable {
    case noLibrary, noHost, noConnection, untrusted, timedOut, interrupted, headerTooLong, other
  }

  let kind: Kind
  /// In libcurl's words.
  let detail: String
  /// Who was asked.
  var host = ""

  /// Whether it may go better when it is tried again.
  var isPassing: Bool { [.noConnection, .timedOut, .interrupted].contains(kind) }

  init(_ kind: Kind, _ detail: String = "") {
    self.kind = kind
    self.detail = detail
  }

  init(code: Int, detail: String) {
    self.detail = detail
    kind =
      switch code {
      case CC_NO_PROXY, CC_NO_HOST: .noHost
      case CC_NO_CONNECTION: .noConnection
      case CC_TIMED_OUT: .timedOut
      case CC_UNTRUSTED, CC_NO_CERTIFICATES: .untrusted
      case CC_UNSUPPORTED_PROTOCOL, CC_MALFORMED_ADDRESS: .other
      default: .interrupted
      }
  }

  /// What happened.
  var clause: String {
    switch kind {
    case .noLibrary:
      "fetching takes libcurl, which is not installed (Debian and Ubuntu have it as libcurl4): install it, or fetch the file in "
        + "another way"
    case .noHost: "there is no host '\(host)', or no network: check the address and the connection"
    case .noConnection: "'\(host)' cannot be reached (\(detail))"
    case .untrusted: "'\(host)' cannot prove that it is itself (\(detail)): nothing is fetched from it"
    case .timedOut: "'\(host)' has fallen silent"
    case .interrupted: "the connection to '\(host)' was lost (\(detail))"
    case .headerTooLong: "'\(host)' answers with headers that do not end"
    case .other: "'\(host)' cannot be asked (\(detail))"
    }
  }
}

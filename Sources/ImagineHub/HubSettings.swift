public import Foundation
internal import Imagine

/// Where models are fetched from and kept, and who asks.
public struct HubSettings: Sendable {
  /// Hugging Face's address, or that of a mirror.
  public var endpoint: URL
  /// Hugging Face's token; nil asks as anybody.
  public var token: String?
  /// Civitai's token.
  public var civitaiToken: String?
  /// Whether nothing may be fetched.
  public var isOffline = false
  /// The cache that Hugging Face's programs share; nil where there is none.
  public var cache: URL?
  /// Where all else is kept; see `ModelLibrary.home`.
  public var home: URL?

  /// Takes what Hugging Face's programs take from the environment: `HF_ENDPOINT`, `HF_TOKEN` or the file of `HF_TOKEN_PATH`,
  /// `HF_HUB_OFFLINE`, `HF_HUB_CACHE`, `HF_HOME`; and `CIVITAI_TOKEN`.
  ///
  /// - Throws: `ImagineError` for an endpoint that is no address, and a token that is none.
  public init(environment: [String: String] = ProcessInfo.processInfo.environment) throws {
    let address = environment["HF_ENDPOINT"].flatMap { $0.isEmpty ? nil : $0 } ?? "https://huggingface.co"
    guard let endpoint = URL(string: address), Origin(endpoint) != nil else {
      throw ImagineError(
        .invalidText, "HF_ENDPOINT is '\(TerminalText.line(address))', which is no address: it begins with https://.")
    }
    self.endpoint = endpoint
    civitaiToken = try Self.token(environment["CIVITAI_TOKEN"], "CIVITAI_TOKEN")
    cache = ModelLibrary.hubCache(environment: environment)
    home = ModelLibrary.home(environment: environment)
    isOffline = ["1", "on", "yes", "true"].contains((environment["HF_HUB_OFFLINE"] ?? "").lowercased())
    if let named = environment["HF_TOKEN"], !named.isEmpty {
      token = try Self.token(named, "HF_TOKEN")
    } else {
      let path = environment["HF_TOKEN_PATH"].flatMap { $0.isEmpty ? nil : URL(filePath: $0) }
      let file = path ?? ModelLibrary.hubHome(environment: environment)?.appending(path: "token")
      token = try file.flatMap { try Self.token(Self.text($0), $0.path(percentEncoded: false)) }
    }
  }

  /// A small file; nil if there is none.
  private static func text(_ file: URL) -> String? {
    guard let handle = try? FileHandle(forReadingFrom: file), let data = try? handle.read(upToCount: 10_000) else {
      return nil
    }
    return String(data: data, encoding: .utf8)
  }

  /// A token as it can stand in a header.
  private static func token(_ text: String?, _ place: String) throws -> String? {
    guard let token = text?.trimmingCharacters(in: .whitespacesAndNewlines), !token.isEmpty else { return nil }
    guard token.utf8.count <= 1000, token.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
      throw ImagineError(
        .invalidText, "The token of '\(place)' has characters that no token has: mend it, or remove it.")
    }
    return token
  }

  /// Who each token is for.
  var tokens: [Origin: String] {
    var tokens: [Origin: String] = [:]
    if let civitaiToken, let civitai = URL(string: "https://civitai.com").flatMap(Origin.init) {
      tokens[civitai] = civitaiToken
    }
    if let token, let origin = Origin(endpoint) { tokens[origin] = token }
    return tokens
  }
}

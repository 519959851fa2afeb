public import Foundation
internal import Imagine
internal import ImagineFiles

/// Where a model is to come from.
public enum HubSource: Sendable, Hashable {
  /// A repository of Hugging Face, `owner/name`; of it one file or folder, or nil for the model that it is; of a branch, a tag or a
  /// commit, or nil for the present version.
  case repository(String, path: String? = nil, revision: String? = nil)
  /// A file at an address.
  case address(URL)

  /// Reads `OWNER/REPOSITORY`, `OWNER/REPOSITORY:file`, `OWNER/REPOSITORY@revision:file`, or an address. Addresses of pages about a
  /// file on Hugging Face and Civitai are those of the file.
  ///
  /// - Throws: `ImagineError` with code `invalidText`.
  public init(_ text: String) throws {
    if text.contains("://") {
      guard let url = URL(string: text), Origin(url) != nil, url.user == nil else {
        throw ImagineError(
          .invalidText,
          "'\(TerminalText.line(text))' is no address of a file: it begins with https:// and has no user in it.")
      }
      self = try Self.ofPage(url) ?? .address(url)
      return
    }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let names = parts[0].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let path = parts.count > 1 ? parts[1] : nil, revision = names.count > 1 ? names[1] : nil
    guard Self.isRepository(names[0]), path.map({ (try? RelativePath($0)) != nil }) ?? true,
      revision.map({ (try? RelativePath($0)) != nil }) ?? true
    else {
      throw ImagineError(
        .invalidText,
        "'\(TerminalText.line(text))' is no model to fetch: say OWNER/REPOSITORY, OWNER/REPOSITORY:file, or an address with "
          + "https://.")
    }
    self = .repository(names[0], path: path, revision: revision)
  }

  /// `owner/name`, of the letters that Hugging Face allows.
  static func isRepository(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return parts.count == 2
      && parts.allSatisfy { part in
        1...96 ~= part.count && part.first != UInt8(ascii: ".") && part.first != UInt8(ascii: "-")
          && part.allSatisfy {
            0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 || [0x2D, 0x2E, 0x5F].contains($0)
          }
      } && !text.contains("--") && !text.contains("..")
  }

  private static func ofPage(_ url: URL) throws -> HubSource? {
    let parts = url.path(percentEncoded: false).split(separator: "/").map(String.init)
    switch url.host(percentEncoded: false)?.lowercased() {
    case "huggingface.co", "www.huggingface.co":
      guard parts.count >= 2, isRepository("\(parts[0])/\(parts[1])") else { return nil }
      if parts.count == 2 { return .repository("\(parts[0])/\(parts[1])") }
      guard parts.count >= 5, ["blob", "resolve", "tree"].contains(parts[2]) else { return nil }
      let path = parts[4...].joined(separator: "/")
      guard (try? RelativePath(path)) != nil, (try? RelativePath(parts[3])) != nil else { return nil }
      return .repository("\(parts[0])/\(parts[1])", path: path, revision: parts[3] == "main" ? nil : parts[3])
    case "civitai.com", "www.civitai.com":
      guard parts.count >= 2, parts[0] == "models" else { return nil }
      let items = URLComponents(url: url, resolvingAgainstBaseURL: false)?.queryItems ?? []
      guard let version = items.first(where: { $0.name == "modelVersionId" })?.value.flatMap(Int.init),
        let file = URL(string: "https://civitai.com/api/download/models/\(version)")
      else {
        throw ImagineError(
          .invalidText,
          "That is the page of a model with several versions: give the address behind its download button, or one with "
            + "modelVersionId in it.")
      }
      return .address(file)
    default: return nil
    }
  }
}

internal import Foundation
internal import Imagine
internal import ImagineFiles

/// A file at an address, as its host tells of it.
struct DirectFile: Sendable {
  let url: URL
  /// What it will be called, one name.
  let name: String
  let size: Int?
  let kind: ModelKind?
  /// Where models of one's own are.
  let home: URL
  /// Which version the host has now.
  let validator: String?

  /// Where the beginning is kept: a name of its own for each address.
  var partPath: String {
    let key = FileDigest.sha256(of: Array(url.absoluteString.utf8)).prefix(32)
    return incoming.appending(path: "\(key).part").path(percentEncoded: false)
  }

  /// Which version the beginning is of.
  var notePath: String { partPath + ".version" }

  /// A hidden folder: what is in it is no model yet.
  var incoming: URL { home.appending(path: ".incoming") }

  /// The name that a host gives a file: of its own header, else the last of the address.
  static func name(_ head: HTTPHead, _ url: URL) -> String? {
    let told = head["content-disposition"].flatMap(dispositionName)
    let text = told ?? url.path(percentEncoded: false)
    // Whatever folders it names are those of its own machine.
    let last = text.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? ""
    guard let path = try? RelativePath(last, spare: 8), !last.hasPrefix(".") else { return nil }
    return path.name
  }

  /// The name in `attachment; filename="x"; filename*=UTF-8''x` (RFC 6266); the second is the better one.
  static func dispositionName(_ text: String) -> String? {
    var plain: String?
    for part in text.split(separator: ";").dropFirst() {
      let pair = part.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      guard pair.count == 2 else { continue }
      switch pair[0].lowercased() {
      case "filename*":
        let words = pair[1].split(separator: "'", omittingEmptySubsequences: false)
        if words.count == 3, words[0].lowercased() == "utf-8", let name = String(words[2]).removingPercentEncoding {
          return name
        }
      case "filename": plain = pair[1].trimmingCharacters(in: CharacterSet(charactersIn: "\""))
      default: break
      }
    }
    return plain
  }
}

extension Hub {
  func addressOffer(_ url: URL, _ kind: ModelKind?, _ allowsPickle: Bool) async throws -> HubOffer {
    guard let home = settings.home else { throw Self.noHome }
    var answer: Courier.Answer?
    try await courier.persist("the file of that address", access: Self.access(url)) {
      let new = try await courier.ask(url, "the file of that address", into: HeadReceiver())
      answer = new
      return (new, .done)
    }
    guard let head = answer?.head, head["content-type"]?.lowercased().hasPrefix("text/html") != true else {
      throw ImagineError(
        .downloadFailed,
        "'\(url.host() ?? "")' shows a page instead of a file: give the address of the file itself, or \(Self.access(url))."
      )
    }
    guard let name = DirectFile.name(head, url) else {
      throw ImagineError(
        .downloadFailed, "'\(url.host() ?? "")' gives the file no name that can be kept: fetch it in another way.")
    }
    let isPickle = FileChoice.isPickle(name)
    guard isPickle || FileChoice.isSafetensors(name) || FileChoice.isGGUF(name) else {
      throw ImagineError(
        .downloadFailed,
        "The address gives '\(TerminalText.line(name))', which is no file of weights: give that of a .safetensors file."
      )
    }
    guard allowsPickle || !isPickle else {
      throw ImagineError(
        .invalidRequest,
        "'\(TerminalText.line(name))' is a pickle, a format that can hold programs: none is run here, but it is fetched only if "
          + "pickles are allowed.")
    }
    let file = DirectFile(
      url: url, name: name, size: head.contentLength, kind: kind, home: home, validator: head.validator)
    var status = stat()
    let there = stat(file.partPath, &status) == 0 ? Int(status.st_size) : 0
    return HubOffer(
      name: name, files: [.init(name: name, byteCount: file.size)], licence: nil,
      missingBytes: file.size.map { max(0, $0 - there) }, freeBytes: FreeSpace.bytes(at: home), folder: home,
      content: .file(file))
  }

  private static func access(_ url: URL) -> String {
    url.host(percentEncoded: false)?.hasSuffix("civitai.com") == true
      ? "give your token in CIVITAI_TOKEN" : "it needs an account there, which cannot be given here"
  }

  func fetch(_ file: DirectFile, _ progress: @escaping @Sendable (HubProgress) -> Void) async throws -> URL {
    let folder = try Folder(path: file.incoming.path(percentEncoded: false), making: true)
    let (name, size) = (file.name, file.size)
    let noted = (try? String(contentsOfFile: file.notePath, encoding: .utf8)).flatMap { $0.isEmpty ? nil : $0 }
    let part = try PartFile(file.partPath, expected: nil, validator: noted) { count in
      progress(HubProgress(file: name, receivedBytes: count, totalBytes: size))
    }
    // What is there of another version, or of one that cannot be told, is begun anew.
    if part.count > 0, noted == nil || file.validator != nil && noted != file.validator { part.restart() }
    let note = LibraryNote(folder, FileName.split(file.notePath).name)
    try await courier.fetch(
      Courier.Errand(url: file.url, name: "'\(TerminalText.line(name))'", access: Self.access(file.url)), into: part,
      versionChanged: note.keep)
    unlink(file.notePath)
    let kind = try file.kind ?? Self.recognised(part.path, name, file.home)
    let hash = try await FileDigest.sha256(ofFileAt: part.path)
    return try ModelHome(file.home).take(part, name: name, kind, hash: hash)
  }

  private static func recognised(_ path: String, _ name: String, _ home: URL) throws -> ModelKind {
    if let kind = ModelKind(recognising: URL(filePath: path)) { return kind }
    let summary = ModelReport.summary(of: URL(filePath: path))
    throw ImagineError(
      .unsupportedModel,
      "'\(TerminalText.line(name))' has come, and cannot be put in its place: \(summary.hasSuffix(".") ? String(summary.dropLast()) : summary). "
        + "It is kept as '\(path)'; name its kind to put it in place.", path: path)
  }
}

/// A short text beside a part, replaced as a whole.
private struct LibraryNote {
  private let folder: Folder
  private let name: String

  init(_ folder: Folder, _ name: String) { (self.folder, self.name) = (folder, name) }

  func keep(_ text: String?) { try? folder.replace(name, with: Array((text ?? "").utf8)) }
}

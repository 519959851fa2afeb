internal import Foundation
internal import Imagine
internal import ImagineFiles

extension Courier {
  /// A file to fetch, and what is known of it.
  struct Errand: Sendable {
    let url: URL
    /// What messages call it, in quotes.
    let name: String
    /// Nil where nobody said it beforehand.
    var size: Int?
    /// In 64 digits; nil where none is known.
    var sha256: String?
    /// Whether the address stands for one version of the file.
    var isNamed = false
    /// What to do where the host wants to know who asks.
    var access: String?
    var told: @Sendable (Int) -> Void = { _ in }
  }

  /// Fetches the rest of a file and checks it.
  ///
  /// - Parameter versionChanged: called when what is kept belongs to another version than before.
  /// - Throws: `ImagineError`, `CancellationError`; what has come stays, except what is wrong.
  func fetch(_ errand: Errand, into part: PartFile, versionChanged: (String?) -> Void = { _ in }) async throws {
    let known = errand.size
    if known == nil || part.count != known {
      try await persist(errand.name, count: { part.count }, access: errand.access) {
        let answer = try await ask(
          errand.url, errand.name, from: part.continuation(isNamed: errand.isNamed), into: part)
        try checkLinks(answer, errand)
        versionChanged(part.validator)
        return (answer, try outcome(answer, errand, part))
      }
    }
    if let known, part.count != known { throw Self.wrongSize(errand, part.count, known) }
    guard let wanted = errand.sha256 else { return }
    let found = try await FileDigest.sha256(ofFileAt: part.path)
    guard found == wanted else {
      part.remove()
      throw ImagineError(
        .downloadFailed,
        "\(errand.name) came damaged, or is another file: its SHA-256 is \(found.prefix(12))... and not \(wanted.prefix(12))...; "
          + "nothing of it is kept, so try again.")
    }
  }

  /// What the host says of the file that it sends elsewhere for is what was asked for.
  private func checkLinks(_ answer: Answer, _ errand: Errand) throws {
    let tag = answer.linkedTag?.filter { $0 != "\"" }
    guard [200, 206].contains(answer.head.status), let wanted = errand.sha256, let tag, tag.utf8.count == 64,
      tag != wanted
    else { return }
    throw ImagineError(
      .downloadFailed, "\(errand.name) was changed on the way to it: '\(answer.host)' has another version. Try again.")
  }

  private func outcome(_ answer: Answer, _ errand: Errand, _ part: PartFile) throws -> Outcome {
    switch part.problem {
    case .page?:
      throw ImagineError(
        .downloadFailed,
        "'\(answer.host)' shows a page instead of \(errand.name): give the address of the file itself"
          + "\(errand.access.map { ", or \($0)" } ?? "").")
    case .tooLong?:
      throw Self.wrongSize(errand, (answer.head.contentLength ?? part.total ?? 0), errand.size, isMore: true)
    case .disk(let failure)?:
      throw ImagineError(
        .unwritableOutput, "\(errand.name) cannot be written: \(failure.reason). What has come of it is kept.",
        path: part.path)
    case .otherPart?:
      part.restart()
      return .failed("'\(answer.host)' gives another part than the one that is missing")
    case nil: break
    }
    if answer.head.status == 416 {
      if part.isComplete { return .done }
      part.restart()
      return .failed("'\(answer.host)' has no such part of it")
    }
    guard [200, 206].contains(answer.head.status) else { return .failed("") }
    return part.total == nil || part.isComplete
      ? .done : .failed("it ends after \(part.count) of \(part.total ?? 0) bytes")
  }

  private static func wrongSize(_ errand: Errand, _ found: Int, _ wanted: Int?, isMore: Bool = false) -> ImagineError {
    ImagineError(
      .downloadFailed,
      "\(errand.name) has \(isMore ? "more bytes than" : "\(found) bytes and not") the "
        + "\(wanted.map { "\($0) that were promised" } ?? "promised ones"): it is another file, or was changed. Try again."
    )
  }
}

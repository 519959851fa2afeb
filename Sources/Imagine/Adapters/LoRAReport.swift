public import Foundation
internal import ImagineAdapters

/// What is in the file of a LoRA or one of its kin, without a model.
public struct LoRAReport: Sendable {
  public let url: URL
  public let name: String
  /// The models that it was made for; nil where nothing tells.
  public let family: String?
  /// The kinds of change in it, such as `LoRA` and `DoRA`.
  public let kinds: [String]
  /// The ranks of its low-rank products, ascending.
  public let ranks: [Int]
  /// Layers that it changes.
  public let moduleCount: Int
  public let tensorCount: Int
  /// Words that its pictures were described with most often, which people put into prompts.
  public let triggerWords: [String]

  /// - Returns: nil for a file that is no LoRA by its names.
  /// - Throws: `ImagineError` for one that cannot be read.
  public init?(inspecting url: URL) throws { try self.init(url, readsNumbers: true) }

  /// By names and shapes alone, where there are many files; what is damaged inside does not show.
  package init?(listing url: URL) throws { try self.init(url, readsNumbers: false) }

  private init?(_ url: URL, readsNumbers: Bool) throws {
    guard ModelKind(recognising: url) == .lora else { return nil }
    let file = try ImagineError.translating(path: url) { try AdapterFile(url, readsNumbers: readsNumbers) }
    let summary = AdapterSummary(file)
    self.url = url
    name = file.name
    family = summary.family?.rawValue
    kinds = summary.kinds
    ranks = summary.ranks
    moduleCount = summary.moduleCount
    tensorCount = file.tensors.count
    triggerWords = summary.tags.map(\.word)
  }

  /// In one line, such as `a LoRA for Stable Diffusion 1, rank 32, 264 modules`.
  public var summary: String {
    let made = family.map { " for \($0)" } ?? ""
    let rank: String? =
      ranks.isEmpty ? nil : ranks.count == 1 ? "rank \(ranks[0])" : "ranks \(ranks[0]) to \(ranks[ranks.count - 1])"
    return
      (["a \(kinds.first ?? "LoRA")\(made)", rank].compactMap { $0 } + [
        "\(moduleCount) module\(moduleCount == 1 ? "" : "s")"
      ])
      .joined(separator: ", ")
  }
}

extension LoRAReport: CustomStringConvertible {
  /// For people, in several lines.
  public var description: String {
    let lines: [(String, String?)] = [
      ("made for", family ?? "not known"), ("kind", kinds.isEmpty ? nil : kinds.joined(separator: ", ")),
      ("rank", ranks.isEmpty ? nil : ranks.map(String.init).joined(separator: ", ")),
      ("modules", "\(moduleCount), with \(tensorCount) tensors"),
      ("trigger words", triggerWords.isEmpty ? nil : triggerWords.joined(separator: ", ")),
      ("in prompts", "<lora:\(name):1>"),
    ]
    let named = lines.compactMap { title, value in
      value.map { "  " + title.padding(toLength: 16, withPad: " ", startingAt: 0) + TerminalText.line($0) }
    }
    return ([TerminalText.line(url.path(percentEncoded: false))] + named).joined(separator: "\n")
  }
}

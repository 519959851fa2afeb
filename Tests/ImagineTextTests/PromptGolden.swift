import Foundation

@testable import ImagineText

/// Prompts as the grammars of AUTOMATIC1111 and ComfyUI read them: `Tests/References/prompts_parsed.py`.
struct PromptGolden: Decodable {
  /// A text and its weight.
  struct Piece: Decodable, Equatable {
    let text: String
    let weight: Double

    init(_ text: String, _ weight: Double) { (self.text, self.weight) = (text, weight) }
    init(_ piece: PromptPiece) { self.init(piece.text, piece.weight) }

    init(from decoder: any Decoder) throws {
      var values = try decoder.unkeyedContainer()
      self.init(try values.decode(String.self), try values.decode(Double.self))
    }
  }

  /// The last step of a text, and the text.
  struct Edit: Decodable, Equatable {
    let last: Int
    let text: String

    init(_ last: Int, _ text: String) { (self.last, self.text) = (last, text) }

    init(from decoder: any Decoder) throws {
      var values = try decoder.unkeyedContainer()
      self.init(try values.decode(Int.self), try values.decode(String.self))
    }
  }

  struct Part: Decodable {
    let text: String
    let weight: Double
    let edits: [Edit]
  }

  struct Prompt: Decodable {
    let text: String
    /// Type and arguments of each.
    let networks: [[String]]
    let comfy: [Piece]
    let attention: [Piece]
    /// With edits over 10 steps.
    let parts: [Part]
  }

  struct Timed: Decodable {
    let text: String
    let steps: Int
    /// Of the pass before.
    let before: Int?
    let old: Bool
    let edits: [Edit]
  }

  let prompts: [Prompt]
  let timed: [Timed]

  init() throws {
    let url = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Goldens/prompts/parsed.json")
    self = try JSONDecoder().decode(PromptGolden.self, from: Data(contentsOf: url))
  }
}

extension TextSchedule {
  /// As the reference lists it.
  var edits: [PromptGolden.Edit] { entries.map { PromptGolden.Edit($0.lastCall, texts[$0.text]) } }
}

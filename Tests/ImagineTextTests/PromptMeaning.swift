@testable import ImagineText

/// All that is drawn of a prompt.
struct PromptMeaning: Equatable {
  struct Part: Equatable {
    let weight: Double
    let entries: [TextSchedule.Entry]
    let texts: [[PromptPiece]]
  }

  let networks: [NetworkTag]
  let parts: [Part]
}

extension ParsedPrompt {
  func meaning() throws -> PromptMeaning {
    let parts = try parts.map { part in
      let schedule = TextSchedule(part.text, EditTiming(calls: 7))
      // Texts that differ in what is nothing by itself are the same.
      let texts = try schedule.entries.map { try PromptPiece.pieces(of: schedule.texts[$0.text], syntax).meaning }
      let entries = schedule.entries.map { TextSchedule.Entry(lastCall: $0.lastCall, text: 0) }
      return PromptMeaning.Part(weight: part.weight?.value ?? 1, entries: entries, texts: texts)
    }
    return PromptMeaning(networks: networks, parts: parts)
  }
}

extension [PromptPiece] {
  /// Without pieces of nothing, and without white space around the ends of chunks.
  var meaning: [PromptPiece] {
    var pieces: [PromptPiece] = []
    for piece in self where !piece.text.isEmpty {
      if let last = pieces.last, last.weight == piece.weight, !last.isChunkEnd, !piece.isChunkEnd {
        pieces[pieces.count - 1].text += piece.text
      } else {
        pieces.append(piece)
      }
    }
    for index in pieces.indices where pieces[index].isChunkEnd {
      if index > 0 { pieces[index - 1].text = PromptScalars(pieces[index - 1].text).trimmedEnd.text }
      if index + 1 < pieces.count {
        pieces[index + 1].text = PromptScalars(pieces[index + 1].text).drop(while: \.isPromptSpace).text
      }
    }
    return pieces.filter { !$0.text.isEmpty }
  }
}

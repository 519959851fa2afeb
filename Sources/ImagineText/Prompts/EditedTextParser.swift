/// Reads edits and alternations.
///
/// The language is that of the grammar in AUTOMATIC1111's modules/prompt_parser.py, which is ambiguous and gives brackets a
/// meaning wherever it can: what has none, because it is not closed, or holds what an edit cannot hold, is text. A `|` that
/// belongs to no alternation, and a `\` before the end of a line, leave the whole of a prompt without edits. One choice of
/// theirs is not followed: an edit is text to them where two brackets or colons without a meaning stand right behind it.
struct EditedTextParser {
  fileprivate enum Bracket { case round, square }

  fileprivate struct Frame {
    let bracket: Bracket
    var segments = [EditedText()]
    /// Between the segments.
    var separators: [Unicode.Scalar] = []

    /// All between the brackets as it is written.
    var content: EditedText {
      var content = segments[0]
      for (separator, segment) in zip(separators, segments.dropFirst()) {
        content.append(String(separator))
        content.append(segment)
      }
      return content
    }
  }

  private var root = EditedText()
  private var frames: [Frame] = []
  private var hasStrayBar = false

  /// Reads a text; one that the grammar does not take is a text without edits.
  static func parse(_ text: PromptScalars) throws(PromptError) -> EditedText {
    var parser = EditedTextParser()
    guard try parser.read(text), !parser.hasStrayBar else { return EditedText(text.text) }
    return parser.root
  }

  /// The edits that a text would have if the grammar took it.
  static func attempted(in text: PromptScalars) throws(PromptError) -> [EditedText] {
    var parser = EditedTextParser()
    _ = try parser.read(text)
    return parser.root.nodes.compactMap { node in
      if case .text = node { return nil }
      var edit = EditedText()
      edit.append(node)
      return edit
    }
  }

  /// - Returns: whether the grammar takes every character.
  private mutating func read(_ text: PromptScalars) throws(PromptError) -> Bool {
    var isTaken = true
    var index = text.startIndex
    while index < text.endIndex {
      switch text[index] {
      case "(": try open(.round)
      case "[": try open(.square)
      case ")": close(.round)
      case "]": close(.square)
      case ":", "|": separate(text[index])
      default:
        let start = index
        isTaken = advance(&index, in: text) && isTaken
        append(text[start..<index].text)
        continue
      }
      index += 1
    }
    abandon()
    return isTaken
  }

  /// Goes to the next character with a meaning.
  private func advance(_ index: inout Int, in text: PromptScalars) -> Bool {
    var isTaken = true
    while index < text.endIndex {
      switch text[index] {
      case "(", "[", ")", "]", ":", "|": return isTaken
      case "\\":
        // What follows it is text, whatever it is.
        if index + 1 < text.endIndex, text[index + 1] != "\n" { index += 1 } else { isTaken = false }
      default: break
      }
      index += 1
    }
    return isTaken
  }

  private mutating func append(_ text: String) {
    if frames.isEmpty { root.append(text) } else { frames[frames.count - 1].append(text) }
  }

  private mutating func append(_ text: EditedText) {
    if frames.isEmpty { root.append(text) } else { frames[frames.count - 1].append(text) }
  }

  private mutating func open(_ bracket: Bracket) throws(PromptError) {
    guard frames.count < PromptError.deepestNesting else { throw .nesting }
    frames.append(Frame(bracket: bracket))
  }

  private mutating func separate(_ separator: Unicode.Scalar) {
    if frames.isEmpty {
      hasStrayBar = hasStrayBar || separator == "|"
      root.append(String(separator))
    } else {
      frames[frames.count - 1].separators.append(separator)
      frames[frames.count - 1].segments.append(EditedText())
    }
  }

  private mutating func close(_ bracket: Bracket) {
    guard let frame = frames.last, frame.bracket == bracket, let text = meaning(of: frame) else {
      abandon()
      root.append(bracket == .round ? ")" : "]")
      return
    }
    frames.removeLast()
    append(text)
  }

  /// Brackets that are not closed, or not by their like, are text, and so are all around them.
  private mutating func abandon() {
    for frame in frames {
      root.append(frame.bracket == .round ? "(" : "[")
      root.append(frame.content)
      hasStrayBar = hasStrayBar || frame.separators.contains("|")
    }
    frames = []
  }

  private func meaning(of frame: Frame) -> EditedText? {
    let separators = frame.separators
    var text = EditedText()
    if separators.isEmpty || frame.bracket == .round && separators == [":"] {
      text.append(frame.bracket == .round ? "(" : "[")
      text.append(frame.content)
      text.append(frame.bracket == .round ? ")" : "]")
      return text
    }
    guard frame.bracket == .square else { return nil }
    if separators.allSatisfy({ $0 == "|" }) {
      text.append(.alternation(frame.segments))
      return text
    }
    guard separators.count <= 2, separators.allSatisfy({ $0 == ":" }), let when = frame.segments.last?.number else {
      return nil
    }
    let from = separators.count == 2 ? frame.segments[0] : EditedText()
    text.append(.edit(from: from, to: frame.segments[separators.count - 1], when: when))
    return text
  }
}

extension EditedTextParser.Frame {
  fileprivate mutating func append(_ text: String) { segments[segments.count - 1].append(text) }
  fileprivate mutating func append(_ text: EditedText) { segments[segments.count - 1].append(text) }
}

extension EditedText {
  /// The number that it is and nothing else.
  fileprivate var number: PromptNumber? {
    guard nodes.count == 1, case .text(let text) = nodes[0] else { return nil }
    let number = PromptNumber(python: PromptScalars(text))
    return number.flatMap { $0.value.isFinite && !$0.description.contains("_") ? $0 : nil }
  }
}

/// A word of a line with options.
struct PromptFileWord: Hashable {
  var text: String
  /// Whether it starts with a quote, and so is never the name of an option.
  var isQuoted = false

  /// The name after `--`, for words that are options.
  var isOption: Bool {
    guard !isQuoted, text.hasPrefix("--"), let first = text.dropFirst(2).first else { return false }
    return first.isASCII && first.isLetter
  }
}

/// Splits a line into words as a shell does, with prompts in mind.
///
/// Quotes count at the start of a word and after an option's `=`, so that "a girl's house" needs none. A backslash
/// protects quotes, white space and itself; before anything else it stands for itself, since `\(` has a meaning in
/// prompts. Nothing is special inside single quotes.
struct PromptFileWords {
  private(set) var words: [PromptFileWord] = []
  /// By scalars: a quote stays one with a combining mark behind it.
  private var rest: Substring.UnicodeScalarView

  init(_ line: String) throws(PromptFileError) {
    rest = line[...].unicodeScalars
    while let first = rest.first {
      if Self.isSpace(first) {
        rest.removeFirst()
      } else {
        words.append(try word())
      }
    }
  }

  private mutating func word() throws(PromptFileError) -> PromptFileWord {
    var word = PromptFileWord(text: "")
    while let character = rest.first, !Self.isSpace(character) {
      let startsValue = word.text.unicodeScalars.last == "=" && word.isOption
      if Self.isQuote(character), word.text.isEmpty && !word.isQuoted || startsValue {
        if !startsValue { word.isQuoted = true }
        rest.removeFirst()
        word.text += try quoted(by: character)
      } else {
        word.text.unicodeScalars.append(unescaped(where: { Self.isQuote($0) || Self.isSpace($0) }))
      }
    }
    return word
  }

  private mutating func quoted(by quote: Unicode.Scalar) throws(PromptFileError) -> String {
    var text = String.UnicodeScalarView()
    while let character = rest.first {
      if character == quote {
        rest.removeFirst()
        return String(text)
      }
      text.append(quote == "'" ? rest.removeFirst() : unescaped(where: { $0 == quote }))
    }
    throw PromptFileError(
      "the quote \(quote) before '\(String(text.prefix(20)))' is not closed: close it, or write \\\(quote).")
  }

  /// Takes one character, or two if the first is a backslash that protects the second.
  private mutating func unescaped(where isProtected: (Unicode.Scalar) -> Bool) -> Unicode.Scalar {
    let character = rest.removeFirst()
    guard character == "\\", let next = rest.first, next == "\\" || isProtected(next) else { return character }
    return rest.removeFirst()
  }

  private static func isQuote(_ scalar: Unicode.Scalar) -> Bool { scalar == "\"" || scalar == "'" }
  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }
}

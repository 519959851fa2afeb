/// The settings of a picture as text, in the form AUTOMATIC1111's web UI keeps under the PNG keyword `parameters`:
///
///     a lighthouse at dusk
///     Negative prompt: blurry
///     Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 512x768
package struct Infotext: Sendable, Equatable {
  /// The PNG keyword under which the text is kept.
  package static let keyword = "parameters"

  /// A setting and its value.
  package struct Field: Sendable, Equatable {
    package var key: String
    package var value: String

    package init(key: String, value: String) {
      self.key = key
      self.value = value
    }
  }

  package var prompt: String
  package var negativePrompt: String
  /// The settings in the order of the text.
  package var fields: [Field]

  private static let negativePrefix = "Negative prompt:"

  package init(prompt: String, negativePrompt: String = "", fields: [(String, String)] = []) {
    self.prompt = prompt
    self.negativePrompt = negativePrompt
    self.fields = fields.map { Field(key: $0.0, value: $0.1) }
  }

  /// Reads a text by the web UI's rule; every text can be read, if need be as a prompt alone.
  ///
  /// The last line holds the settings if at least three can be found in it. White space around lines is dropped.
  package init(parsing text: String) {
    self.init(prompt: "")
    var lines = Self.lines(of: text)
    if let last = lines.last {
      let found = InfotextFields.parse(last)
      if found.count >= 3 {
        fields = found
        lines.removeLast()
      }
    }
    let negativeStart = lines.firstIndex { Self.negativeContent(of: $0) != nil } ?? lines.endIndex
    prompt = lines[..<negativeStart].joined(separator: "\n")
    // As in the web UI, later lines with the prefix lose it as well, and empty first lines leave no trace.
    for line in lines[negativeStart...] {
      let content = Self.negativeContent(of: line) ?? line
      negativePrompt += negativePrompt.isEmpty ? content : "\n" + content
    }
  }

  /// What follows the prefix of a negative prompt, or nil for a line without it.
  private static func negativeContent(of line: String) -> String? {
    guard line.utf8.starts(with: negativePrefix.utf8) else { return nil }
    return String(line.unicodeScalars.dropFirst(negativePrefix.utf8.count)).trimmingWhitespace()
  }

  /// The value of the first setting with this key.
  package subscript(key: String) -> String? {
    fields.first { $0.key == key }?.value
  }

  /// The text to store; parsing it gives the same prompts and settings, but for white space around lines.
  package var text: String {
    var lines = [prompt]
    if !negativePrompt.isEmpty { lines.append("\(Self.negativePrefix) \(negativePrompt)") }
    if !fields.isEmpty { lines.append(fields.map(InfotextFields.write).joined(separator: ", ")) }
    return lines.joined(separator: "\n").trimmingWhitespace()
  }

  /// Splits at line feeds alone, which `String.split` would not find inside CR LF.
  private static func lines(of text: String) -> [String] {
    let scalars = text.trimmingWhitespace().unicodeScalars
    return scalars.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).trimmingWhitespace() }
  }
}

extension String {
  /// The text without white space at its ends.
  func trimmingWhitespace() -> String {
    let scalars = unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(scalars[first...last])
  }
}

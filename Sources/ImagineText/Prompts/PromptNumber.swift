/// A number as it stands in a prompt: `0.5` and `.50` are the same, `1` and `1.0` are not where steps are meant.
package struct PromptNumber: Sendable, Hashable, CustomStringConvertible {
  /// As written, without white space around it.
  package let description: String
  package let value: Double

  /// Reads digits with at most one point and a sign; nil for all else, `1e3` and `inf` among it.
  init?(decimal text: PromptScalars) {
    var digits = text
    if let sign = digits.first, sign == "-" || sign == "+" { digits.removeFirst() }
    guard digits.contains(where: \.isASCIIDigit), digits.allSatisfy({ $0.isASCIIDigit || $0 == "." }),
      digits.count(where: { $0 == "." }) <= 1
    else { return nil }
    self.init(text.text)
  }

  /// Reads what Python's `float` reads of plain digits, exponents and underscores between digits; `inf` and `nan`, too.
  init?(python text: PromptScalars) {
    let text = text.trimmed
    let name = text.text.lowercased().drop { $0 == "-" || $0 == "+" }
    if ["inf", "infinity", "nan"].contains(name), text.count <= name.count + 1 {
      self.init(description: text.text, value: name == "nan" ? .nan : text.first == "-" ? -.infinity : .infinity)
      return
    }
    for (place, scalar) in zip(text.indices, text) where scalar == "_" {
      let around = [place - 1, place + 1]
      guard around.allSatisfy({ text.indices.contains($0) && text[$0].isASCIIDigit }) else { return nil }
    }
    let halves = text.filter { $0 != "_" }.split(omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
    guard halves.count <= 2, let mantissa = halves.first, PromptNumber(decimal: mantissa) != nil else { return nil }
    if halves.count == 2 {
      guard !halves[1].contains("."), PromptNumber(decimal: halves[1]) != nil else { return nil }
    }
    self.init(text.text)
  }

  private init?(_ text: String) {
    guard let value = Double(text.replacing("_", with: "")) else { return nil }
    self.init(description: text, value: value)
  }

  private init(description: String, value: Double) {
    self.description = description
    self.value = value
  }

  /// Whether it has a point: a share of the steps then, not a step.
  var hasPoint: Bool { description.contains(".") }
}

extension Unicode.Scalar {
  var isASCIIDigit: Bool { "0"..."9" ~= self }
}

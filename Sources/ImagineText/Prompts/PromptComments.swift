/// AUTOMATIC1111's comments: from `#` to the end of the line.
struct PromptComments {
  /// The prompt without them. A line feed stands in the place of each, and of the line that it had for itself.
  let remaining: PromptScalars
  /// Those that share their line with what is drawn, as they are written: they may not have been meant as comments.
  let behindText: [String]

  init(_ prompt: PromptScalars) {
    var remaining: [Unicode.Scalar] = []
    var behindText: [String] = []
    var index = prompt.startIndex
    while let mark = prompt[index...].firstIndex(of: "#") {
      remaining += prompt[index..<mark]
      let end = prompt[mark...].firstIndex(of: "\n") ?? prompt.endIndex
      let line = remaining.last == "\n" || remaining.isEmpty
      if line { _ = remaining.popLast() } else { behindText.append(prompt[mark..<end].text) }
      remaining.append("\n")
      index = min(end + 1, prompt.endIndex)
    }
    if index > prompt.startIndex {
      remaining += prompt[index...]
      self.remaining = remaining[...]
    } else {
      self.remaining = prompt
    }
    self.behindText = behindText
  }
}

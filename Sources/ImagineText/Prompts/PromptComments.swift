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
    // Of two lines that are comments, the line feed between them goes with one.
    var ownsLineFeed = true
    while let mark = prompt[index...].firstIndex(of: "#") {
      remaining += prompt[index..<mark]
      if mark > index { ownsLineFeed = true }
      let end = prompt[mark...].firstIndex(of: "\n") ?? prompt.endIndex
      if remaining.isEmpty {
        ownsLineFeed = false
      } else if remaining.last != "\n" {
        behindText.append(prompt[mark..<end].text)
        ownsLineFeed = true
      } else if ownsLineFeed {
        remaining.removeLast()
        ownsLineFeed = false
      } else {
        ownsLineFeed = true
      }
      remaining.append("\n")
      index = min(end + 1, prompt.endIndex)
    }
    self.remaining = index > prompt.startIndex ? (remaining + prompt[index...])[...] : prompt
    self.behindText = behindText
  }
}

/// Progress as one line of text.
struct ProgressLine {
  /// How the terminal is to be written to.
  struct Style: Equatable {
    /// Columns there are.
    var width = 80
    var hasColor = false
    var hasUnicode = false
    var hasBar = true

    /// For logs, where a line stays as it is.
    static let plain = Style(width: 200, hasBar: false)
  }

  let style: Style

  /// The line, at most `width - 1` columns wide so that no terminal wraps it.
  func text(_ progress: Progress, at time: Double) -> String {
    let limit = max(0, style.width - 1)
    let elapsed = "\(Wording.duration(time - progress.stageStart))"
    switch progress.stage {
    case .loading(let name): return cut("loading \(name)  \(elapsed)", limit)
    case .preparing(let network):
      return cut(joined([pictures(progress), "preparing the \(network)", elapsed]), limit)
    case .decoding: return cut(joined([pictures(progress), "decoding", elapsed]), limit)
    case .upscaling(let part, let count):
      let share = count > 1 ? "\(part)/\(count)" : nil
      let left =
        part > 0 && part < count
        ? "\(Wording.duration((time - progress.stageStart) / Double(part) * Double(count - part))) left" : elapsed
      return cut(joined([pictures(progress), "upscaling", share, left]), limit)
    case .drawing(let step, let count):
      let percent = "\(count > 0 ? step * 100 / count : 0)%"
      let steps = "\(step)/\(count)"
      let rate = step > 0 ? progress.secondsPerStep.map(Wording.rate) : nil
      let left = progress.timeLeft(at: time).map { "\(Wording.duration($0)) left" } ?? elapsed
      // What matters less goes first where there is less room.
      let choices = [
        ([percent, steps, rate, left], 10), ([percent, steps, left], 6), ([percent, steps], 5), ([percent], 0),
      ]
      for (parts, smallestBar) in choices {
        let end = joined(parts)
        let start = pictures(progress).map { $0 + "  " } ?? ""
        let room = limit - start.count - end.count - 2
        if !style.hasBar { return start + end }
        if room >= smallestBar, smallestBar > 0 {
          return start + bar(fraction: Double(step) / Double(max(1, count)), width: min(30, room)) + "  " + end
        }
      }
      return cut(percent, limit)
    }
  }

  private func pictures(_ progress: Progress) -> String? {
    progress.pictureCount > 1 ? "picture \(progress.picture)/\(progress.pictureCount)" : nil
  }

  private func joined(_ parts: [String?]) -> String {
    parts.compactMap { $0 }.joined(separator: "  ")
  }

  private func bar(fraction: Double, width: Int) -> String {
    let filled = min(width, max(0, Int(fraction * Double(width))))
    let (full, empty) = style.hasUnicode ? ("━", "─") : ("#", "-")
    let done = String(repeating: full, count: filled), rest = String(repeating: empty, count: width - filled)
    return style.hasColor ? "\u{1B}[32m\(done)\u{1B}[2;39m\(rest)\u{1B}[0m" : done + rest
  }

  private func cut(_ text: String, _ limit: Int) -> String { Columns.cut(text, limit) }

  /// What brings the cursor to the start of a line that was drawn, and clears from there.
  ///
  /// - Parameters:
  ///   - columns: of the line when it was drawn.
  ///   - width: of the terminal now: a line that no longer fits was broken into several.
  static func clearing(columns: Int, width: Int) -> String {
    guard width > 0, columns > width else { return "\r\u{1B}[K" }
    return "\r\u{1B}[\((columns - 1) / width)A\u{1B}[J"
  }
}

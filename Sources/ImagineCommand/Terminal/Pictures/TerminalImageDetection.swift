/// What is known of a terminal by the variables that it sets.
struct TerminalFacts: Sendable {
  /// The environment.
  var variables: [String: String]
  /// Whether what shows the picture is a terminal.
  var isTerminal: Bool
  /// Whether the terminal answers that it draws sixels; asked only where nothing else is known.
  var answersSixel: @Sendable () -> Bool = { false }

  private func variable(_ name: String) -> String { variables[name] ?? "" }

  /// Whether tmux or screen stands between the program and the terminal.
  var isMultiplexed: Bool {
    isInTmux || !variable("STY").isEmpty || ["screen", "tmux"].contains { variable("TERM").hasPrefix($0) }
  }

  var isInTmux: Bool { !variable("TMUX").isEmpty }

  /// The way to show pictures that the terminal has most likely.
  ///
  /// Between a program and its terminal, tmux and screen keep no pictures, whatever variables have come through.
  var bestProtocol: TerminalImageProtocol {
    let term = variable("TERM"), program = variable("TERM_PROGRAM").lowercased()
    guard isTerminal, term != "dumb" else { return .none }
    if isMultiplexed { return .blocks }
    if !variable("KITTY_WINDOW_ID").isEmpty || term == "xterm-kitty" || term == "xterm-ghostty" || program == "ghostty"
    {
      return .kitty
    }
    if program == "iterm.app" || program == "wezterm" || variable("LC_TERMINAL") == "iTerm2" { return .iTerm }
    if term.contains("sixel") || ["foot", "mlterm", "contour", "yaft"].contains(where: { term.hasPrefix($0) }) {
      return .sixel
    }
    if answersSixel() { return .sixel }
    return hasTrueColour ? .blocks : .none
  }

  private var hasTrueColour: Bool {
    ["truecolor", "24bit"].contains(variable("COLORTERM").lowercased()) || variable("TERM").hasSuffix("-direct")
  }
}

extension TerminalImageProtocol {
  /// The way itself, or the best for a terminal where it is left open.
  func settled(for terminal: TerminalFacts) -> TerminalImageProtocol {
    self == .automatic ? terminal.bestProtocol : self
  }
}

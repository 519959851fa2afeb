import ArgumentParser

/// Pictures on the way.
struct PreviewOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A file that shows the picture while it is drawn, as PNG: written anew after steps. It may exist.",
      valueName: "file"), completion: .file())
  var preview: String?

  @Option(
    help: ArgumentHelp("Show the picture after every so many steps. Default: 1.", valueName: "n"))
  var previewInterval: Int?

  @Flag(help: "Show pictures in the terminal: on the way, and finished.")
  var show = false

  @Option(
    help: ArgumentHelp(
      "How the terminal shows pictures: \(Choices.sentence(of: TerminalImageProtocol.self)). Default: auto, what the terminal "
        + "is known to have. Says --show.", valueName: "name"),
    completion: .list(TerminalImageProtocol.allCases.map(\.rawValue)), transform: Choices.byRawValue)
  var showAs: TerminalImageProtocol?

  func validate() throws {
    if preview?.isEmpty == true { throw ValidationError("--preview is empty: name a file.") }
    if let previewInterval, !(1...1000 ~= previewInterval) {
      throw ValidationError("a --preview-interval of \(previewInterval) is not possible: choose 1 to 1000.")
    }
    if previewInterval != nil, preview == nil, !shows {
      throw ValidationError("--preview-interval is for --preview or --show: give one of them, too.")
    }
  }

  /// Whether pictures are shown in the terminal.
  var shows: Bool { show || showAs != nil && showAs != TerminalImageProtocol.none }

  /// After how many steps a preview is wanted; nil for never.
  var interval: Int? { preview != nil || shows ? previewInterval ?? 1 : nil }
}

import Foundation

/// The terminal behind the standard error.
enum Terminal {
  /// Whether lines can be redrawn.
  static var isInteractive: Bool {
    isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb"
  }

  /// How it looks at the moment; people resize windows.
  static var style: ProgressLine.Style {
    ProgressLine.Style(
      width: width,
      hasColor: environment("NO_COLOR") == nil,
      hasUnicode: ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(environment).first.map {
        $0.uppercased().contains("UTF-8") || $0.uppercased().contains("UTF8")
      } ?? false)
  }

  private static var width: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// A variable that is set and not empty.
  private static func environment(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }
}

internal import ImagineCheckpoint

/// Text that may hold what strangers wrote, for a terminal.
package enum TerminalText {
  /// The text as it may be shown: lines and tabs stay, and whatever else a terminal would obey is written out.
  package static func visible(_ text: String) -> String { text.visible(keeping: ["\n", "\t"]) }

  /// The text as one line.
  package static func line(_ text: String) -> String { text.visible() }
}

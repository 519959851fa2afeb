extension String {
  /// The text with everything in it that a terminal would obey, and not show, written out as an escape: control characters,
  /// with them the beginnings of all sequences that move the cursor or colour the screen, and those that reverse the
  /// direction of writing.
  ///
  /// - Parameter kept: characters that stay what they are.
  package func visible(keeping kept: Set<Unicode.Scalar> = []) -> String {
    guard unicodeScalars.contains(where: { $0.isObeyed && !kept.contains($0) }) else { return self }
    var text = ""
    for scalar in unicodeScalars {
      if scalar.isObeyed, !kept.contains(scalar) {
        text += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}

extension Unicode.Scalar {
  /// Whether it acts on what is around it instead of being seen. The joiners inside emoji and Persian words do no harm.
  fileprivate var isObeyed: Bool {
    guard value >= 0x7F else { return value < 0x20 }
    if value == 0x200C || value == 0x200D { return false }
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: return true
    default: return false
    }
  }
}

/// A name from an untrusted file as it may be shown in a terminal: quoted, in one line, without control characters, at most
/// 200 characters long.
package func quoted(_ name: String) -> String {
  let shown = String(String.UnicodeScalarView(name.unicodeScalars.prefix(200))).visible()
  return "'\(shown)\(name.unicodeScalars.count > 200 ? "…" : "")'"
}

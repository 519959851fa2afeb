/// How much room text takes on a terminal.
enum Columns {
  /// Columns of a line, colours aside: most letters take one, those of East Asian scripts and pictures two.
  static func count(_ line: String) -> Int {
    var columns = 0
    var isControl = false
    for character in line {
      if character == "\u{1B}" {
        isControl = true
      } else if isControl {
        isControl = !character.isLetter
      } else {
        columns += width(of: character)
      }
    }
    return columns
  }

  /// The beginning of a text without colours that takes at most so many columns.
  static func cut(_ text: String, _ limit: Int) -> String {
    var columns = 0
    return String(
      text.prefix { character in
        columns += width(of: character)
        return columns <= limit
      })
  }

  private static func width(of character: Character) -> Int {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    return switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
      0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
      2
    default: 1
    }
  }
}

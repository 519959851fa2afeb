import Foundation
import Imagine
import ImagineImage

/// Pictures in the terminal, where it can show any.
struct ShownPictures {
  private let way: TerminalImageProtocol
  private let isInTmux: Bool
  /// Rows of the picture right above the cursor, which the next one is drawn over; 0 for none.
  private var rows = 0

  /// Nil where nothing can be shown.
  init?(_ options: PreviewOptions) {
    guard options.shows else { return nil }
    let facts = TerminalFacts(
      variables: ProcessInfo.processInfo.environment, isTerminal: isatty(STDERR_FILENO) == 1,
      answersSixel: { TerminalQuery.answersSixel() })
    way = (options.showAs ?? .automatic).settled(for: facts)
    guard way != .none else { return nil }
    isInTmux = facts.isInTmux
  }

  /// What shows a picture at the cursor, or over the one before it.
  ///
  /// - Parameter staysAbove: whether the next picture is drawn below this one.
  mutating func bytes(_ size: Size, _ pixels: [UInt8], staysAbove: Bool) -> [UInt8] {
    guard let picture = try? RGBImage(width: size.width, height: size.height, pixels: pixels) else { return [] }
    let room = Terminal.room
    var place = PicturePlace(columns: min(room.columns, Self.mostColumns))
    // The line of progress and one to breathe stay below.
    place.mostRows = max(min(room.rows - 2, Self.mostRows), 1)
    place.cell = room.cell
    place.replacedRows = rows
    place.isInTmux = isInTmux
    guard let bytes = try? way.bytes(for: picture, in: place) else { return [] }
    rows = staysAbove ? 0 : place.size(of: picture).rows
    return bytes
  }

  /// Something else was written below the picture, which so stays where it is.
  mutating func leave() { rows = 0 }

  private static let mostColumns = 64
  private static let mostRows = 32
}

extension Terminal {
  /// Columns, rows, and the pixels of a character.
  fileprivate static var room: (columns: Int, rows: Int, cell: CellSize) {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return (80, 24, .usual)
    }
    let columns = Int(size.ws_col), rows = Int(size.ws_row)
    let width = Int(size.ws_xpixel) / columns, height = Int(size.ws_ypixel) / rows
    return (columns, rows, width > 3 && height > 3 ? CellSize(width: width, height: height) : .usual)
  }
}

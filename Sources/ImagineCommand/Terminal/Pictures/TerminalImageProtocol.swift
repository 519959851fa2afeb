import ImagineImage

/// How a terminal is told to show a picture.
enum TerminalImageProtocol: String, CaseIterable, Sendable {
  /// Whichever the terminal knows.
  case automatic = "auto"
  /// The kitty graphics protocol: kitty, Ghostty, and others.
  case kitty
  /// iTerm2's inline images: iTerm2, WezTerm, and others.
  case iTerm = "iterm"
  /// DEC's sixel graphics: foot, xterm, mlterm, Windows Terminal, and others.
  case sixel
  /// Upper half blocks in 24-bit colours: two pixels for each character, in any terminal with such colours.
  case blocks
  case none

  /// - Parameter name: as people write it, in any case.
  init?(name: String) { self.init(rawValue: name.lowercased()) }

  /// The bytes that show a picture and leave the cursor at the beginning of the line below it; none for `automatic`, which has
  /// to be settled first, and for `none`.
  ///
  /// - Throws: `ImageError` if the picture cannot be encoded.
  func bytes(for picture: RGBImage, in place: PicturePlace) throws -> [UInt8] {
    let size = place.size(of: picture)
    let drawing: [UInt8]
    switch self {
    case .automatic, .none: return []
    case .blocks: return place.returning + HalfBlocks.bytes(picture, size)
    case .kitty: drawing = KittyGraphics.bytes(try ImageFile.encode(picture, as: .png), size, id: place.id)
    case .iTerm: drawing = ITermImage.bytes(try ImageFile.encode(picture, as: .png), size)
    case .sixel: drawing = SixelImage.bytes(picture.averaged(width: size.pixelWidth, height: size.pixelHeight))
    }
    // Terminals disagree on where a picture leaves the cursor: room is made first, and the cursor is put where it belongs.
    let room = [UInt8]("\(String(repeating: "\n", count: size.rows))\u{1B}[\(size.rows)A\r\u{1B}7".utf8)
    let after = [UInt8]("\u{1B}8\u{1B}[\(size.rows)B\r".utf8)
    // tmux draws sixels itself, and hands on what is wrapped for it.
    let isWrapped = place.isInTmux && self != .sixel
    return place.returning + room + (isWrapped ? TmuxPassthrough.wrapped(drawing) : drawing) + after
  }
}

/// Where on a terminal a picture is shown.
struct PicturePlace: Sendable {
  /// The most room it takes.
  var columns: Int
  var mostRows = 10_000
  var cell = CellSize.usual
  /// Names the picture to terminals that keep pictures: the next of this name takes its place.
  var id: UInt32 = 1
  /// The rows of the picture right above the cursor that this one is drawn over; 0 for none.
  var replacedRows = 0
  var isInTmux = false

  init(columns: Int) { self.columns = columns }

  /// The room that a picture takes: as wide as may be, and as high as its shape asks for then.
  func size(of picture: RGBImage) -> PictureCells {
    let columns = min(max(columns, 1), 10_000), most = min(max(mostRows, 1), 10_000)
    let shape = Double(picture.height) / Double(picture.width) * Double(cell.width) / Double(cell.height)
    let rows = (Double(columns) * shape).rounded(.up)
    if rows <= Double(most) { return PictureCells(columns: columns, rows: max(Int(rows), 1), picture, cell) }
    let narrow = min(Double(columns), (Double(most) / shape).rounded(.down))
    return PictureCells(columns: max(Int(narrow), 1), rows: most, picture, cell)
  }

  /// Moves the cursor to where the picture above begins.
  fileprivate var returning: [UInt8] { replacedRows > 0 ? [UInt8]("\u{1B}[\(replacedRows)A\r".utf8) : [] }
}

/// The pixels of one character.
struct CellSize: Sendable, Hashable {
  let width: Int, height: Int

  /// Where the terminal does not say.
  static let usual = CellSize(width: 10, height: 20)
}

/// The room of a picture in characters.
struct PictureCells: Sendable, Hashable {
  let columns: Int, rows: Int
  /// The picture in that room, in its own shape.
  let pixelWidth: Int, pixelHeight: Int

  init(columns: Int, rows: Int, _ picture: RGBImage, _ cell: CellSize) {
    self.columns = columns
    self.rows = rows
    let scale = min(
      Double(columns * cell.width) / Double(picture.width), Double(rows * cell.height) / Double(picture.height))
    pixelWidth = max(Int(Double(picture.width) * scale), 1)
    pixelHeight = max(Int(Double(picture.height) * scale), 1)
  }
}

/// Sequences for the terminal around tmux (its option `allow-passthrough`).
enum TmuxPassthrough {
  /// Each sequence of its own, with every escape character doubled.
  static func wrapped(_ sequences: [UInt8]) -> [UInt8] {
    var result = [UInt8]("\u{1B}Ptmux;".utf8)
    for byte in sequences { result += byte == 0x1B ? [byte, byte] : [byte] }
    return result + [UInt8]("\u{1B}\\".utf8)
  }
}

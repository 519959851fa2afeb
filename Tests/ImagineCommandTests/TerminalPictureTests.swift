import Foundation
import ImagineImage
import Testing

@testable import ImagineCommand

/// What is sent to terminals, read as they read it.
@Suite struct TerminalPictureTests {
  /// Shades from left to right and from top to bottom.
  private static func picture(_ width: Int, _ height: Int) throws -> RGBImage {
    let pixels = (0..<width * height).flatMap { index -> [UInt8] in
      let x = index % width * 255 / max(width - 1, 1), y = index / width * 255 / max(height - 1, 1)
      return [UInt8(x), UInt8(y), UInt8((x + y) / 2)]
    }
    return try RGBImage(width: width, height: height, pixels: pixels)
  }

  /// Noise, which no PNG makes small.
  private static func noise(_ width: Int, _ height: Int) throws -> RGBImage {
    var random = UInt32(7)
    let pixels = (0..<width * height * 3).map { _ -> UInt8 in
      random = random &* 1_664_525 &+ 1_013_904_223
      return UInt8(random >> 24)
    }
    return try RGBImage(width: width, height: height, pixels: pixels)
  }

  private static let up = "\u{1B}[", end = "\u{1B}\\"

  /// The part of a picture's bytes between saving and restoring the cursor, and the rows that room was made for.
  private func drawing(_ bytes: [UInt8]) throws -> (bytes: [UInt8], rows: Int) {
    let save = try #require(bytes.firstRange(of: [0x1B, 0x37])),
      restore = try #require(bytes.firstRange(of: [0x1B, 0x38]))
    let room = String(decoding: bytes[..<save.lowerBound], as: UTF8.self)
    let rows = room.count { $0 == "\n" }
    #expect(room == String(repeating: "\n", count: rows) + "\u{1B}[\(rows)A\r")
    #expect(String(decoding: bytes[restore.upperBound...], as: UTF8.self) == "\u{1B}[\(rows)B\r")
    return (Array(bytes[save.upperBound..<restore.lowerBound]), rows)
  }

  @Test func names() throws {
    #expect(TerminalImageProtocol(name: "Kitty") == .kitty && TerminalImageProtocol(name: "iterm") == .iTerm)
    #expect(TerminalImageProtocol.allCases.map(\.rawValue) == ["auto", "kitty", "iterm", "sixel", "blocks", "none"])
    #expect(TerminalImageProtocol(name: "png") == nil)
    for kind in [TerminalImageProtocol.none, .automatic] {
      #expect(try kind.bytes(for: Self.picture(2, 2), in: PicturePlace(columns: 2)) == [])
    }
  }

  @Test(arguments: [(1, 1, 0), (90, 70, 3)]) func kitty(_ width: Int, _ height: Int, _ more: Int) throws {
    let picture = try Self.noise(width, height)
    var place = PicturePlace(columns: 40)
    place.id = 7
    let (bytes, rows) = try drawing(TerminalImageProtocol.kitty.bytes(for: picture, in: place))
    var pieces = String(decoding: bytes, as: UTF8.self).components(separatedBy: Self.end)
    #expect(pieces.removeLast() == "")
    var payload = ""
    for (index, piece) in pieces.enumerated() {
      #expect(piece.hasPrefix("\u{1B}_G"))
      let parts = piece.dropFirst(3).split(separator: ";", omittingEmptySubsequences: false).map(String.init)
      try #require(parts.count == 2)
      let pairs = parts[0].split(separator: ",").map { $0.split(separator: "=").map(String.init) }
      let keys = Dictionary(uniqueKeysWithValues: pairs.map { ($0[0], $0[1]) })
      #expect(keys["m"] == (index == pieces.count - 1 ? "0" : "1") && keys["q"] == "2")
      #expect(parts[1].count <= 4096 && (index == pieces.count - 1 || parts[1].count % 4 == 0))
      if index == 0 {
        #expect(keys["a"] == "T" && keys["f"] == "100" && keys["i"] == "7" && keys["p"] == "1" && keys["C"] == "1")
        #expect(keys["c"] == "40" && keys["r"] == "\(rows)")
      } else {
        #expect(Set(keys.keys) == ["m", "q"])
      }
      payload += parts[1]
    }
    #expect(pieces.count > more)
    #expect(Data(base64Encoded: payload) == Data(try ImageFile.encode(picture, as: .png)))
  }

  @Test func iTerm() throws {
    let picture = try Self.noise(50, 30)
    let (bytes, rows) = try drawing(TerminalImageProtocol.iTerm.bytes(for: picture, in: PicturePlace(columns: 20)))
    #expect(bytes.last == 0x07)
    let text = String(decoding: bytes.dropLast(), as: UTF8.self), png = try ImageFile.encode(picture, as: .png)
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    #expect(
      parts[0] == "\u{1B}]1337;File=inline=1;size=\(png.count);width=20;height=\(rows);preserveAspectRatio=1")
    #expect(rows == 6 && Data(base64Encoded: parts[1]) == Data(png))
  }

  @Test(arguments: [(1, 1), (7, 6), (40, 31), (200, 130)]) func sixel(_ width: Int, _ height: Int) throws {
    let picture = try Self.picture(width, height)
    let read = try SixelReader(SixelImage.bytes(picture))
    #expect(read.width == width && read.height == height && read.colours <= 256)
    let errors = zip(read.pixels, picture.pixels).map { Double($0 - Int($1)) }
    #expect(read.pixels.count == picture.pixels.count && !read.pixels.contains(-1), "every pixel is painted")
    let mean = errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)
    // 256 colours of a plane of shades, and colours in hundredths: 30 dB and better.
    #expect(mean < 65, "mean square error \(mean)")
  }

  /// Few colours stay what they are, but for the hundredths that sixels tell them in.
  @Test func sixelsOfFewColoursAreExact() throws {
    let colours: [[UInt8]] = [[255, 0, 0], [0, 255, 0], [12, 34, 56], [250, 250, 250]]
    let picture = try RGBImage(width: 4, height: 8, pixels: (0..<32).flatMap { colours[($0 + $0 / 4) % 4] })
    let read = try SixelReader(SixelImage.bytes(picture))
    #expect(read.colours == 4 && zip(read.pixels, picture.pixels).allSatisfy { abs($0 - Int($1)) <= 2 })
  }

  @Test func sixelsAreOfTheSizeOfTheirPlace() throws {
    var place = PicturePlace(columns: 30)
    place.cell = CellSize(width: 8, height: 16)
    let (bytes, rows) = try drawing(TerminalImageProtocol.sixel.bytes(for: Self.picture(64, 48), in: place))
    let read = try SixelReader(bytes)
    #expect(read.width == 240 && read.height == 180 && rows == 12)
  }

  @Test func blocks() throws {
    let pixels: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]
    let bytes = try TerminalImageProtocol.blocks.bytes(
      for: RGBImage(width: 2, height: 3, pixels: pixels), in: PicturePlace(columns: 2))
    let lines = String(decoding: bytes, as: UTF8.self)
    #expect(
      lines == "\u{1B}[38;2;1;2;3;48;2;7;8;9m▀\u{1B}[38;2;4;5;6;48;2;10;11;12m▀\u{1B}[0m\r\n"
        + "\u{1B}[38;2;13;14;15;49m▀\u{1B}[38;2;16;17;18;49m▀\u{1B}[0m\r\n")
  }

  /// A colour is said once for all that follow.
  @Test func blocksOfOneColour() throws {
    let picture = try RGBImage(width: 64, height: 64, pixels: [UInt8](repeating: 9, count: 64 * 64 * 3))
    let text = String(
      decoding: try TerminalImageProtocol.blocks.bytes(for: picture, in: PicturePlace(columns: 16)), as: UTF8.self)
    let lines = text.components(separatedBy: "\r\n").dropLast()
    #expect(lines.count == 8)
    for line in lines {
      #expect(line == "\u{1B}[38;2;9;9;9;48;2;9;9;9m" + String(repeating: "▀", count: 16) + "\u{1B}[0m")
    }
  }

  @Test func places() throws {
    var place = PicturePlace(columns: 80)
    func size(_ width: Int, _ height: Int) throws -> [Int] {
      let size = place.size(of: try Self.picture(width, height))
      return [size.columns, size.rows]
    }
    #expect(try size(512, 512) == [80, 40] && size(1024, 512) == [80, 20] && size(1000, 1) == [80, 1])
    place.mostRows = 20
    #expect(try size(512, 512) == [40, 20] && size(1, 1000) == [1, 20] && size(1024, 512) == [80, 20])
    place.columns = 0
    #expect(try size(512, 512) == [1, 1])
    place.columns = .max
    place.mostRows = .max
    #expect(try size(1, 1) == [10_000, 5000])
  }

  @Test func oneIsDrawnOverAnother() throws {
    var place = PicturePlace(columns: 10)
    for kind in [TerminalImageProtocol.kitty, .iTerm, .sixel, .blocks] {
      place.replacedRows = 0
      let first = try kind.bytes(for: Self.picture(8, 8), in: place)
      place.replacedRows = 5
      #expect(try kind.bytes(for: Self.picture(8, 8), in: place) == [UInt8]("\u{1B}[5A\r".utf8) + first)
    }
  }

  @Test func tmuxHandsOnWhatIsWrapped() throws {
    var place = PicturePlace(columns: 10)
    place.isInTmux = true
    let picture = try Self.picture(8, 8)
    for kind in [TerminalImageProtocol.kitty, .iTerm] {
      let text = String(decoding: try drawing(kind.bytes(for: picture, in: place)).bytes, as: UTF8.self)
      #expect(text.hasPrefix("\u{1B}Ptmux;\u{1B}\u{1B}") && text.hasSuffix("\u{1B}\\"))
      let inner = text.dropFirst(7).dropLast(2).replacingOccurrences(of: "\u{1B}\u{1B}", with: "\u{1B}")
      place.isInTmux = false
      #expect(inner == String(decoding: try drawing(kind.bytes(for: picture, in: place)).bytes, as: UTF8.self))
      place.isInTmux = true
    }
    let sixels = try TerminalImageProtocol.sixel.bytes(for: picture, in: place)
    #expect(!String(decoding: sixels, as: UTF8.self).contains("tmux"))
  }

  @Test func averages() throws {
    func grey(_ width: Int, _ height: Int, _ values: [UInt8]) throws -> RGBImage {
      try RGBImage(width: width, height: height, pixels: values.flatMap { [$0, $0, $0] })
    }
    #expect(try grey(4, 2, [0, 100, 20, 20, 100, 0, 40, 40]).averaged(width: 2, height: 1) == grey(2, 1, [50, 30]))
    // Each of two covers one and a half of three.
    #expect(try grey(3, 1, [0, 90, 240]).averaged(width: 2, height: 1) == grey(2, 1, [30, 190]))
    #expect(try grey(2, 1, [10, 20]).averaged(width: 4, height: 2) == grey(4, 2, [10, 10, 20, 20, 10, 10, 20, 20]))
  }
}

/// Which way is taken where.
@Suite struct TerminalImageDetectionTests {
  private func best(_ variables: [String: String], isTerminal: Bool = true, sixel: Bool = false)
    -> TerminalImageProtocol
  {
    TerminalImageProtocol.automatic.settled(
      for: TerminalFacts(variables: variables, isTerminal: isTerminal, answersSixel: { sixel }))
  }

  @Test func terminals() {
    let table: [([String: String], TerminalImageProtocol)] = [
      (["TERM": "xterm-kitty"], .kitty), (["TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"], .kitty),
      (["TERM_PROGRAM": "ghostty"], .kitty), (["TERM": "xterm-ghostty"], .kitty),
      (["TERM_PROGRAM": "iTerm.app", "COLORTERM": "truecolor"], .iTerm), (["TERM_PROGRAM": "WezTerm"], .iTerm),
      (["LC_TERMINAL": "iTerm2"], .iTerm), (["TERM": "foot", "COLORTERM": "truecolor"], .sixel),
      (["TERM": "mlterm"], .sixel), (["TERM": "xterm-256color", "COLORTERM": "truecolor"], .blocks),
      (["COLORTERM": "24bit"], .blocks), (["TERM": "xterm-direct"], .blocks), (["TERM": "xterm-256color"], .none),
      (["TERM": "linux"], .none), ([:], .none), (["TERM": "dumb", "COLORTERM": "truecolor"], .none),
      (["TERM": "tmux-256color", "TMUX": "/tmp/x,1,0", "KITTY_WINDOW_ID": "1"], .blocks),
      (["TERM": "screen.xterm-256color", "TERM_PROGRAM": "WezTerm"], .blocks),
      (["TERM": "xterm-kitty", "STY": "1.pts"], .blocks),
    ]
    for (variables, expected) in table { #expect(best(variables) == expected, "\(variables)") }
    for (variables, _) in table { #expect(best(variables, isTerminal: false) == .none) }
    #expect(best(["TERM": "xterm-256color", "COLORTERM": "truecolor"], sixel: true) == .sixel)
    #expect(best(["TERM": "tmux-256color"], sixel: true) == .blocks)
    #expect(TerminalImageProtocol.kitty.settled(for: TerminalFacts(variables: [:], isTerminal: false)) == .kitty)
  }

  @Test func answers() {
    func hasSixel(_ reply: String) -> Bool? { TerminalQuery.hasSixel(reply: Array(reply.utf8)) }
    #expect(hasSixel("\u{1B}[?62;4;22c") == true && hasSixel("\u{1B}[?64;1;2;4c") == true)
    #expect(
      hasSixel("\u{1B}[?4c") == false && hasSixel("\u{1B}[?62;22;44c") == false && hasSixel("\u{1B}[?1;2c") == false)
    #expect(hasSixel("\u{1B}[?62;4") == nil && hasSixel("") == nil && hasSixel("abc") == nil)
    #expect(hasSixel("abc\u{1B}[?62;4c") == true)
  }

  @Test func thereIsNoAnswerWithoutATerminal() {
    if isatty(STDIN_FILENO) == 0 { #expect(!TerminalQuery.answersSixel()) }
  }
}

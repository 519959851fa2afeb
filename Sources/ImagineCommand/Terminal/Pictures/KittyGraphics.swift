import Foundation

/// The kitty graphics protocol: a PNG file in base64, in pieces.
enum KittyGraphics {
  /// Base64 characters of one piece, the most that the protocol has.
  static let pieceCount = 4096

  /// Transmits a picture and shows it at the cursor, which stays. A picture of the same number is replaced, and the terminal
  /// answers nothing.
  static func bytes(_ png: [UInt8], _ size: PictureCells, id: UInt32) -> [UInt8] {
    let payload = [UInt8](Data(png).base64EncodedData())
    let number = max(id, 1)
    var result: [UInt8] = []
    for start in stride(from: 0, to: max(payload.count, 1), by: pieceCount) {
      let end = min(start + pieceCount, payload.count), isLast = end == payload.count
      let keys =
        start == 0
        ? "a=T,f=100,t=d,i=\(number),p=1,c=\(size.columns),r=\(size.rows),C=1,q=2,m=\(isLast ? 0 : 1)"
        : "m=\(isLast ? 0 : 1),q=2"
      result += [UInt8]("\u{1B}_G\(keys);".utf8) + payload[start..<end] + [UInt8]("\u{1B}\\".utf8)
    }
    return result
  }
}

/// iTerm2's inline images: OSC 1337 with a file in base64.
enum ITermImage {
  static func bytes(_ png: [UInt8], _ size: PictureCells) -> [UInt8] {
    let keys = "inline=1;size=\(png.count);width=\(size.columns);height=\(size.rows);preserveAspectRatio=1"
    return [UInt8]("\u{1B}]1337;File=\(keys):".utf8) + [UInt8](Data(png).base64EncodedData()) + [0x07]
  }
}

/// The format of a picture's file, by the ending of its name.
enum FileFormat: String, CaseIterable {
  case png
  case jpg
  case webp

  /// What names of the format end in, the usual one first.
  var endings: [String] { self == .jpg ? [".jpg", ".jpeg"] : [".\(rawValue)"] }

  /// All endings of all formats.
  static let endings = allCases.flatMap(\.endings)

  /// A name with the ending of a format, unless it has one of any.
  static func completed(_ name: String, _ format: FileFormat) -> String {
    endings.contains { name.hasSuffix(ignoringCase: $0) } ? name : name + format.endings[0]
  }
}

extension String {
  /// Whether it ends in letters of ASCII, small or capital ones.
  func hasSuffix(ignoringCase ending: String) -> Bool {
    let own = utf8.suffix(ending.utf8.count)
    return own.count == ending.utf8.count
      && zip(own, ending.utf8).allSatisfy {
        $0 == $1 || ($0 | 0x20 == $1 && UInt8(ascii: "a")...UInt8(ascii: "z") ~= $1)
      }
  }
}

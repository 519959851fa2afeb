extension NewFile {
  /// Far more files of one name than a folder should hold, so that the search for a free one ends.
  private static let highestNumber = 100_000

  /// Gives the file the first free name of `name.png`, `name-2.png`, `name-3.png`, ...
  ///
  /// - Returns: the name taken. Several writers at once never take the same one.
  package mutating func publish(asFreeNameLike name: String) throws(FileFailure) -> String {
    for number in 1...Self.highestNumber {
      let candidate = number == 1 ? name : FileName.numbered(name, number)
      if try publish(as: candidate) { return candidate }
    }
    throw FileFailure("all names up to '\(FileName.numbered(name, Self.highestNumber))' are taken")
  }
}

extension Folder {
  /// Writes a new file, which appears complete or not at all.
  ///
  /// - Parameter isUnique: whether only this name will do; otherwise the first free one is taken.
  /// - Returns: the name taken; nil if the only one that will do is taken by another.
  package func write(_ bytes: [UInt8], as name: String, isUnique: Bool) throws(FileFailure) -> String? {
    var file = try NewFile(in: self)
    try file.write(bytes)
    try file.synchronize()
    guard isUnique else { return try file.publish(asFreeNameLike: name) }
    let isTaken = try !file.publish(as: name)
    return isTaken ? nil : name
  }
}

extension Folder {
  /// Writes a file in place of one that has its name, if there is one.
  package func replace(_ name: String, with bytes: [UInt8]) throws(FileFailure) {
    var file = try NewFile(in: self)
    try file.write(bytes)
    try file.publish(replacing: name)
  }
}

/// Names of files, without their folder.
package enum FileName {
  /// `boat.png` -> `boat-2.png`; what comes before the number gives way where the name would be too long.
  package static func numbered(_ name: String, _ number: Int) -> String {
    let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")).flatMap { $0 > name.startIndex ? $0 : nil }
    let ending = "-\(number)" + String(name[(dot ?? name.endIndex)...])
    return String(cut(name[..<(dot ?? name.endIndex)], toBytes: RelativePath.longestName - ending.utf8.count)) + ending
  }

  /// The longest beginning of a text that has no more bytes than this.
  package static func cut(_ text: Substring, toBytes limit: Int) -> Substring {
    var count = 0
    for index in text.indices {
      count += text[index].utf8.count
      if count > limit { return text[..<index] }
    }
    return text
  }

  /// A path as its folder, with the slash at its end and empty for the current one, and the name in it.
  package static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", path) }
    let start = path.utf8.index(after: slash)
    return (String(decoding: path.utf8[..<start], as: UTF8.self), String(decoding: path.utf8[start...], as: UTF8.self))
  }
}

/// A path from data that stays below the folder it is meant for.
///
/// It is checked as the system reads it, byte by byte: to Swift, a slash with a combining mark is another character than
/// a slash. Nothing in it is expanded, neither a tilde nor a variable.
package struct RelativePath: Sendable, Hashable {
  /// Why a text is no such path; a clause that follows the name of the thing.
  package struct Problem: Error, Sendable, Hashable {
    package let reason: String
  }

  /// What every file system this runs on allows for one name, in bytes.
  package static let longestName = 255

  /// Names of folders, and of a file at the end; at least one.
  package let components: [String]

  /// The last name.
  package var name: String { components[components.count - 1] }
  /// The names before the last.
  package var folders: ArraySlice<String> { components.dropLast() }
  /// The components with a slash between each two.
  package var text: String { components.joined(separator: "/") }

  /// - Parameter spare: bytes that must stay free in the last name, for a number that is added to it.
  package init(_ text: String, spare: Int = 0) throws(Problem) {
    let slash = UInt8(ascii: "/")
    var components: [String] = []
    for bytes in text.utf8.split(separator: slash, omittingEmptySubsequences: false) {
      guard let component = String(bytes) else { throw Problem(reason: "is not UTF-8") }
      try Self.check(component)
      components.append(component)
    }
    guard let last = components.last, last.utf8.count + spare <= Self.longestName else {
      throw Problem(reason: "is longer than the \(Self.longestName - spare) bytes that a name may have here")
    }
    self.components = components
  }

  private static func check(_ component: String) throws(Problem) {
    let bytes = component.utf8
    guard !bytes.isEmpty, !bytes.elementsEqual(".".utf8), !bytes.elementsEqual("..".utf8) else {
      throw Problem(reason: "leads out of its folder, or has an empty part")
    }
    guard bytes.count <= longestName else {
      throw Problem(reason: "has a part of more than \(longestName) bytes")
    }
    guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw Problem(reason: "holds a control character")
    }
  }
}

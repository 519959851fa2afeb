internal import Foundation

/// A name or key in an untrusted file: the bytes of its text, and nothing more.
///
/// Two spellings of one accent are the same `String`, and finding that out takes time with the square of the length where
/// many accents follow each other. Files mean bytes: names here are equal if their bytes are, in time with their length.
package struct UTF8Name: Sendable, Hashable, Comparable, ExpressibleByStringLiteral, CustomStringConvertible {
  /// More bytes than any program gives a tensor or a setting.
  static let maximumLength = 1024

  package let text: String

  package init(_ text: String) { self.text = text }
  package init(stringLiteral text: String) { self.text = text }

  package var description: String { text }

  /// Whether every byte is ASCII. Names with a meaning are, and with these `String` is as good as bytes.
  package var isASCII: Bool { text.utf8.allSatisfy { $0 < 0x80 } }

  package static func == (left: UTF8Name, right: UTF8Name) -> Bool {
    compare(left, right) { left, right in
      guard left.count == right.count, let first = left.baseAddress, let second = right.baseAddress else {
        return left.count == right.count
      }
      return memcmp(first, second, left.count) == 0
    }
  }

  package static func < (left: UTF8Name, right: UTF8Name) -> Bool {
    compare(left, right) { $0.lexicographicallyPrecedes($1) }
  }

  package func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }

  private static func compare(
    _ left: UTF8Name, _ right: UTF8Name, _ body: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>) -> Bool
  ) -> Bool {
    var (left, right) = (left.text, right.text)
    return left.withUTF8 { left in right.withUTF8 { body(left, $0) } }
  }
}

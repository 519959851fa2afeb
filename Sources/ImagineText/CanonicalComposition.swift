import Foundation

/// Unicode normalisation form C as transformers' tokenizer computes it.
///
/// Its tables are those of Unicode 9: a mark of a later version neither composes nor changes places with others there.
enum CanonicalComposition {
  private static let newestUnicodeMajor = 9

  /// Returns a character in NFC.
  static func compose(_ character: Character) -> String {
    var result = ""
    var known = String.UnicodeScalarView()
    for scalar in character.unicodeScalars {
      if let age = scalar.properties.age, age.major <= newestUnicodeMajor {
        known.append(scalar)
      } else {
        result += compose(String(known))
        result.unicodeScalars.append(scalar)
        known = String.UnicodeScalarView()
      }
    }
    return result + compose(String(known))
  }

  /// Decomposes first, because composing alone leaves a Hangul syllable and a final consonant after it apart
  /// (U+AC00 U+11A8, seen with Swift 6.3).
  private static func compose(_ text: String) -> String {
    text.decomposedStringWithCanonicalMapping.precomposedStringWithCanonicalMapping
  }
}

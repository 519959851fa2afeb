/// A prompt in Unicode NFC and lower case, each scalar with its place in the text as written.
///
/// Normalisation goes character by character: no composition reaches across the border of an extended grapheme
/// cluster, and so every scalar can be traced back to the character it came from. Lower case is the full mapping of
/// each scalar on its own (U+0130 becomes two scalars, sigma does not depend on its place).
struct NormalizedText {
  /// What the word pattern distinguishes.
  enum Category {
    case letter, number, space, other
  }

  private(set) var scalars: [Unicode.Scalar] = []
  private(set) var categories: [Category] = []
  /// For each scalar the UTF-8 offset in the text as written.
  private(set) var origins: [Int] = []

  init(_ text: String) {
    scalars.reserveCapacity(text.utf8.count)
    categories.reserveCapacity(text.utf8.count)
    origins.reserveCapacity(text.utf8.count)
    var origin = 0
    for character in text {
      let length = character.utf8.count
      if length == 1, let byte = character.utf8.first {
        let isUppercase = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        append(Unicode.Scalar(isUppercase ? byte | 0x20 : byte), origin: origin)
      } else {
        for composed in CanonicalComposition.compose(character).unicodeScalars {
          for scalar in composed.properties.lowercaseMapping.unicodeScalars { append(scalar, origin: origin) }
        }
      }
      origin += length
    }
  }

  private mutating func append(_ scalar: Unicode.Scalar, origin: Int) {
    scalars.append(scalar)
    categories.append(Category(scalar))
    origins.append(origin)
  }

  /// Returns the bytes of a word, each with the offset its scalar had in the text as written.
  func utf8(of word: Range<Int>) -> [(byte: UInt8, origin: Int)] {
    var bytes: [(byte: UInt8, origin: Int)] = []
    bytes.reserveCapacity(word.count)
    for index in word {
      for byte in scalars[index].utf8 { bytes.append((byte, origins[index])) }
    }
    return bytes
  }
}

extension NormalizedText.Category {
  /// The newest Unicode version the tokenizer of transformers knows; letters of later versions are unassigned to it.
  private static let newestUnicodeMajor = 16

  init(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "a"..."z", "A"..."Z": self = .letter
    case "0"..."9": self = .number
    case " ", "\t"..."\r": self = .space
    case "\0"..."\u{7F}": self = .other
    default: self.init(properties: scalar.properties)
    }
  }

  private init(properties: Unicode.Scalar.Properties) {
    if properties.isWhitespace {
      self = .space
      return
    }
    if let age = properties.age, age.major > Self.newestUnicodeMajor {
      self = .other
      return
    }
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
    case .decimalNumber, .letterNumber, .otherNumber: self = .number
    default: self = .other
    }
  }
}

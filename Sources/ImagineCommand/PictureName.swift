import Foundation
import Imagine

/// File names for pictures, made of what was asked for.
enum PictureName {
  /// The longest part of a name that comes from the prompt.
  static let slugLength = 50

  /// `a-red-house-42.png`
  static func standard(prompt: String, seed: UInt64) -> String {
    "\(slug(prompt))-\(seed).png"
  }

  /// `0007-a-red-house-42-1a2b3c4d.png`: the line, the prompt, the seed, and a sign for all settings.
  ///
  /// The same line of the same file gives the same name in every run; a line that was changed gives another.
  static func listed(line: Int, request: GenerationRequest, seed: UInt64, model: String) -> String {
    let digits = String(line)
    let number = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    return "\(number)-\(slug(request.prompt))-\(seed)-\(fingerprint(request, seed: seed, model: model)).png"
  }

  /// The prompt in lower-case ASCII letters, digits and hyphens, cut between words; `picture` if nothing is left.
  static func slug(_ prompt: String) -> String {
    var words: [String] = [""]
    for scalar in prompt.decomposedStringWithCompatibilityMapping.unicodeScalars.prefix(1000) {
      if scalar.isASCII, scalar.properties.isAlphabetic || scalar.properties.numericType != nil {
        words[words.count - 1].unicodeScalars.append(scalar)
      } else if scalar.properties.generalCategory != .nonspacingMark, scalar != "'", scalar != "\u{2019}" {
        words.append("")
      }
    }
    var slug = ""
    for word in words where !word.isEmpty {
      guard slug.count + 1 + word.count <= slugLength else {
        if slug.isEmpty { slug = String(word.prefix(slugLength)) }
        break
      }
      slug += slug.isEmpty ? word : "-" + word
    }
    return slug.isEmpty ? "picture" : slug.lowercased()
  }

  /// Eight hexadecimal digits that change with everything that changes the picture.
  static func fingerprint(_ request: GenerationRequest, seed: UInt64, model: String) -> String {
    var hash = StableHash()
    for part in [
      request.prompt, request.negativePrompt, "\(request.size)", "\(request.steps)", "\(request.guidanceScale)",
      "\(seed)", request.sampler.name, request.schedule?.name ?? "", request.randomSource.name, model,
    ] { hash.combine(part) }
    let digits = String((hash.value ^ hash.value >> 32) & 0xFFFF_FFFF, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}

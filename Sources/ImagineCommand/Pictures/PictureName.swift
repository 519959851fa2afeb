import Foundation
import Imagine
import ImagineFiles

/// File names for pictures, made of what was asked for.
enum PictureName {
  /// The longest part of a name that comes from the prompt, in letters and in bytes: with seed and sign it fits the shortest
  /// names that file systems have, 143 bytes where they are encrypted.
  static let slugLength = 50
  static let slugBytes = 100

  /// `a-red-house-42`
  static func standard(slug: String, seed: UInt64) -> String { "\(slug)-\(seed)" }

  /// `a-red-house-42-1a2b3c4d`: the prompt, the seed, and a sign for all settings.
  ///
  /// The same line gives the same name in every run, wherever in its file it stands; one that was changed gives another.
  static func listed(slug: String, request: GenerationRequest, seed: UInt64, model: String) -> String {
    "\(slug)-\(seed)-\(fingerprint(request, seed: seed, model: model))"
  }

  /// The prompt in small letters, digits and hyphens, cut between words; `picture` if nothing is left.
  ///
  /// Latin letters lose their accents; those of other scripts stay as they are, with the marks that belong to them.
  static func slug(_ prompt: String) -> String {
    var slug = ""
    for word in words(of: prompt) {
      let longer = slug.isEmpty ? word : slug + "-" + word
      guard longer.count <= slugLength, longer.utf8.count <= slugBytes else {
        if slug.isEmpty { slug = String(FileName.cut(word.prefix(slugLength), toBytes: slugBytes)) }
        break
      }
      slug = longer
    }
    return slug.isEmpty ? "picture" : slug
  }

  private static func words(of prompt: String) -> [String] {
    var words: [String] = [""]
    // Cut first: composing takes long where very many marks follow one letter.
    let start = String(String.UnicodeScalarView(prompt.unicodeScalars.prefix(400)))
    for scalar in start.precomposedStringWithCompatibilityMapping.lowercased().unicodeScalars {
      let last = words.count - 1
      if isLetter(scalar) {
        words[last].unicodeScalars.append(folded(scalar))
      } else if isMark(scalar) {
        // Of Latin letters marks are accents; in other scripts they are part of the writing.
        if let letter = words[last].unicodeScalars.last, !letter.isASCII { words[last].unicodeScalars.append(scalar) }
      } else if scalar != "'", scalar != "\u{2019}" {
        words.append("")
      }
    }
    return words.filter { !$0.isEmpty }
  }

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
      .letterNumber, .otherNumber:
      true
    default: false
    }
  }

  private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    [.nonspacingMark, .spacingMark].contains(scalar.properties.generalCategory)
  }

  /// A Latin letter without its accents; any other letter as it is.
  private static func folded(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    guard !scalar.isASCII, let base = String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars.first,
      base.isASCII
    else { return scalar }
    return base
  }

  /// Eight hexadecimal digits that change with everything that changes the picture.
  static func fingerprint(_ request: GenerationRequest, seed: UInt64, model: String) -> String {
    var hash = StableHash()
    for part in [
      request.prompt, request.negativePrompt, "\(request.pictureSize)", "\(request.steps ?? 0)",
      "\(request.guidanceScale ?? 0)", "\(seed)", request.sampler?.name ?? "", request.schedule?.name ?? "",
      (request.randomSource ?? .cpu).name, model,
    ] + rare(request) { hash.combine(part) }
    let digits = String((hash.value ^ hash.value >> 32) & 0xFFFF_FFFF, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  /// What few requests say. Named, and left out where it is not said, so that pictures of earlier versions keep their names.
  private static func rare(_ request: GenerationRequest) -> [String] {
    [
      request.clipSkip.map { "clip skip \($0)" }, request.originalSize.map { "original \($0)" },
      request.crop.map { "crop \($0.left),\($0.top)" }, request.targetSize.map { "target \($0)" },
      request.refiner.map { "refiner at \($0.start)" }, request.likeness.map { "like \($0.name)" },
      request.variation.map { "variation \($0)" }, request.noiseSize.map { "noise of \($0)" },
      request.hires.map(hires), request.upscaling.map { "upscaled \($0.upscaler) \($0.scale ?? -1)" },
      request.promptSyntax.map { "syntax \($0.name)" },
      request.emphasis.map { "emphasis \($0.name)" },
      request.countsEditsAnew ? "old edits" : nil, request.secondPrompt.map { "second \($0)" },
      request.secondNegativePrompt.map { "second negative \($0)" },
      request.negativeOriginalSize.map { "negative original \($0)" },
      request.negativeCrop.map { "negative crop \($0.left),\($0.top)" },
      request.negativeTargetSize.map { "negative target \($0)" },
      request.aestheticScore.map { "aesthetic \($0)" },
      request.negativeAestheticScore.map { "negative aesthetic \($0)" },
    ].compactMap { $0 } + changed(request.samplerSettings, from: SamplerSettings())
      + changed(request.guidance, from: GuidanceSettings()) + changed(request.tiling.rawValue, from: 0)
      + initial(request.initialImage)
  }

  /// A second pass; without a network of its own, in the words of versions that knew none.
  private static func hires(_ fix: HiresFix) -> String {
    var plain = fix
    plain.upscalerModel = nil
    let words = "\(plain)", unsaid = ", upscalerModel: nil)"
    let known = words.hasSuffix(unsaid) ? words.dropLast(unsaid.count) + ")" : words[...]
    return "hires \(known)" + (fix.upscalerModel.map { " by \($0)" } ?? "")
  }

  /// What is not as usual, in the words of its properties.
  private static func changed<Value: Equatable>(_ value: Value, from usual: Value) -> [String] {
    value == usual ? [] : ["\(value)"]
  }

  /// A picture that it begins from, by what is in it: its file may be another one at another time.
  private static func initial(_ image: InitialImage?) -> [String] {
    guard let image else { return [] }
    var mask = image.mask.map { ["mask \($0.blur) \($0.isInverted) \($0.content) \($0.padding ?? -1)"] } ?? []
    if let picture = image.mask?.picture { mask.append(digest(picture)) }
    return [
      "initial \(digest(image.picture)) \(image.strength ?? -1) \(image.resizing) \(image.margins)"
    ] + mask
  }

  private static func digest(_ picture: SourcePicture) -> String {
    var hash = StableHash()
    hash.combine("\(picture.size)")
    hash.combine(picture.pixels)
    if let alpha = picture.alpha { hash.combine(alpha) }
    return "\(hash.value)"
  }
}

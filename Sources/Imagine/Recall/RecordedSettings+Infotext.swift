internal import Foundation
internal import ImagineImage
internal import ImagineSampling
internal import ImagineText

extension RecordedSettings {
  /// Reads the fields below a prompt. What is not said is as the program that wrote it has it.
  init(_ infotext: Infotext) {
    let version = infotext["Version"] ?? ""
    self.init(prompt: infotext.prompt, program: "another program")
    request.negativePrompt = infotext.negativePrompt
    var reader = InfotextReader(infotext)
    if infotext.fields.isEmpty { impossible.append("It tells a prompt alone: give the other settings by hand.") }
    modelName = reader.take("Model")
    modelHash = reader.take("Model hash")?.lowercased()
    reader.skip([
      "Version", "User", "Lora hashes", "LoRAs", "TI hashes", "VAE hash", "Init image hash", "Mask hash", "Pad conds",
    ])
    if version.hasPrefix("imagine") {
      program = "imagine"
      request.likeness = reader.choice("Like", Likeness.init(named:))
      if let prompt = reader.take(Infotext.wholePrompt) { request.prompt = prompt }
      if let prompt = reader.take(Infotext.wholeNegativePrompt) { request.negativePrompt = prompt }
    } else if version.hasPrefix("stable-diffusion.cpp") || infotext["Sampler"]?.contains("_") == true {
      program = "stable-diffusion.cpp"
      request.likeness = .stableDiffusionCpp
    } else {
      program = "AUTOMATIC1111"
      request.likeness = .a1111
    }
    readPicture(&reader)
    readSampler(&reader)
    readNoise(&reader)
    readPasses(&reader)
    request.countsEditsAnew =
      reader.take("Old prompt editing timelines") == "True"
      || program == "AUTOMATIC1111" && Self.isOldPromptEditing(version) && request.prompt.contains("[")
    for index in 0..<16 {
      if let unit = reader.take("ControlNet \(index)") { readGuide(unit) }
    }
    readUpscaler(&reader)
    impossible += reader.problems
    impossible += reader.unread
    readLoRAs(infotext)
    embeddings = Self.pairs(infotext, "TI hashes").map { RecordedName(name: $0.name, hash: $0.value.lowercased()) }
  }

  /// Names and values of a field such as `a: 1, b: 2`.
  private static func pairs(_ infotext: Infotext, _ field: String) -> [(name: String, value: String)] {
    (infotext[field] ?? "").components(separatedBy: ", ").compactMap { item in
      guard let separator = item.range(of: ": ", options: .backwards) else { return nil }
      return (String(item[..<separator.lowerBound]), String(item[separator.upperBound...]))
    }
  }

  /// LoRAs by the tags in the prompt, and those that no prompt can name; with the hashes that are noted of them.
  private mutating func readLoRAs(_ infotext: Infotext) {
    for (name, value) in Self.pairs(infotext, "LoRAs") {
      let weights = value.split(separator: " ").compactMap { Float($0) }
      guard weights.count == 2, weights.allSatisfy(\.isFinite) else { continue }
      request.loras.append(LoRA(named: name, weight: weights[1], textEncoderWeight: weights[0]))
    }
    let hashes = Self.pairs(infotext, "Lora hashes")
    let isA1111 = request.promptSyntax ?? .a1111 == .a1111
    let tags = isA1111 ? (try? ParsedPrompt(request.prompt, .a1111))?.networks ?? [] : []
    let named = tags.compactMap { (try? LoRATag($0))?.name } + request.loras.map(\.name)
    for name in named where !loras.contains(where: { $0.name == name }) {
      loras.append(RecordedName(name: name, hash: hashes.first { $0.name == name }?.value.lowercased()))
    }
    let lost = hashes.filter { !named.contains($0.name) }.map { "\($0.name): \($0.value)" }
    if !lost.isEmpty {
      impossible.append("It was drawn with LoRAs (\(lost.joined(separator: ", "))) whose weights it does not say.")
    }
  }

  private mutating func readGuide(_ unit: String) {
    guard let guide = RecordedGuide(unit: unit) else {
      impossible.append("It was guided by a picture that is not in the file, in a way that this version does not know.")
      return
    }
    guides.append(guide)
    if let preprocessor = guide.foreignPreprocessor {
      impossible.append(
        "\(guide.name) looked at what \(preprocessor) made of a picture, which is not possible here: give the map itself."
      )
    }
  }

  /// What made the finished picture larger.
  private mutating func readUpscaler(_ reader: inout InfotextReader) {
    guard let name = reader.take("Postprocess upscaler") else { return }
    let by = reader.take("Postprocess upscale by"), to = reader.take("Postprocess upscale to")
    let scale = by.flatMap(Double.init).flatMap { $0.isFinite && $0 > 0 ? $0 : nil }
    if let scale, !["lanczos", "nearest"].contains(name.lowercased()) {
      upscalers.append(RecordedUpscaler(name, scale: scale))
    } else {
      let size = by.map { " \($0) times" } ?? to.map { " to \($0)" } ?? ""
      impossible.append("\(InfotextReader.shortened(name)) made it larger\(size), which has to be done by hand.")
    }
  }

  /// Before 1.6.0 numbers below 1 were shares, and a second pass counted anew; A1111 itself reads such pictures so.
  private static func isOldPromptEditing(_ version: String) -> Bool {
    let numbers = version.drop { !$0.isNumber }.split { !$0.isNumber }.compactMap { Int($0) }
    guard numbers.count >= 2, version.hasPrefix("v") else { return false }
    return (numbers[0], numbers[1]) < (1, 6)
  }

  private mutating func readPicture(_ reader: inout InfotextReader) {
    request.steps = reader.number("Steps")
    request.guidanceScale = reader.number("CFG scale")
    request.guidance.pictureScale = reader.number("Image CFG scale")
    request.size = reader.size("Size")
    request.clipSkip = reader.number("Clip skip")
    if let vae = reader.take("VAE"), !["none", "automatic"].contains(vae.lowercased()) {
      impossible.append("It was drawn with the autoencoder \(vae): name its file with the model if you have it.")
    }
    if let name = reader.take("Refiner") {
      let start = reader.take("Refiner switch at") ?? "0.8"
      impossible.append("The model \(name) went on with it at \(start): name its file as refiner if you have it.")
    }
    if let emphasis = reader.take("Emphasis") {
      if emphasis.lowercased() == "none" {
        request.promptSyntax = .plain
      } else if let known = try? Emphasis(named: emphasis) {
        request.emphasis = known
      } else {
        impossible.append("Its emphasis \(emphasis) is not one that this version knows.")
      }
    }
    if let syntax = reader.choice("Prompt syntax", PromptSyntax.init(named:)) { request.promptSyntax = syntax }
    request.secondPrompt = reader.take("Prompt 2")
    request.secondNegativePrompt = reader.take("Negative prompt 2")
    request.tiling =
      switch reader.take("Tiling") {
      case "True", "both": [.x, .y]
      case "x": .x
      case "y": .y
      default: []
      }
    request.originalSize = reader.size("Original size")
    request.crop = reader.crop("Crop")
    request.targetSize = reader.size("Target size")
    request.negativeOriginalSize = reader.size("Negative original size")
    request.negativeCrop = reader.crop("Negative crop")
    request.negativeTargetSize = reader.size("Negative target size")
    request.aestheticScore = reader.number("Aesthetic score")
    request.negativeAestheticScore = reader.number("Negative aesthetic score")
  }

  private mutating func readSampler(_ reader: inout InfotextReader) {
    if let name = reader.take("Sampler") {
      let type = reader.take("Schedule type")
      if let named = try? Sampler.named(name) {
        let path = reader.choice("Brownian RNG", RandomSource.init(named:))
        request.sampler = path == nil ? named.sampler : named.sampler.following(path?.stream)
        request.schedule = named.schedule
      } else {
        impossible.append("Its sampler \(name) is not one that this version has.")
      }
      if let type, !["automatic", "discrete"].contains(type.lowercased()) {
        if let schedule = try? Schedule(named: type) {
          request.schedule = schedule
        } else {
          impossible.append("Its schedule \(type) is not one that this version has.")
        }
      }
    }
    request.samplerSettings.eta = reader.number("Eta") ?? reader.number("Eta DDIM")
    request.samplerSettings.churn = reader.number("Sigma churn")
    request.samplerSettings.churnMinimum = reader.number("Sigma tmin")
    request.samplerSettings.churnMaximum = reader.number("Sigma tmax")
    request.samplerSettings.noise = reader.number("Sigma noise")
    request.samplerSettings.sigmas = reader.numbers("Sigmas")
    request.guidance.rescale = reader.number("Guidance rescale") ?? 0
    request.guidance.minimumSigma = reader.number("NGMS") ?? 0
    request.guidance.interval = reader.interval("Guidance interval")
    if let numbers: [Int] = reader.numbers("DeepCache") {
      request.featureCache = numbers.first.map {
        FeatureCache(interval: $0, branch: numbers.count > 1 ? numbers[1] : 0)
      }
    }
  }

  private mutating func readNoise(_ reader: inout InfotextReader) {
    request.seed = reader.number("Seed")
    let seed: UInt64? = reader.number("Variation seed"), strength: Double? = reader.number("Variation seed strength")
    if let strength, strength > 0 { request.variation = Variation(seed: seed, strength: strength) }
    request.noiseSize = reader.size("Seed resize from")
    request.samplerSettings.noiseSeedDelta = reader.number("ENSD")
    request.randomSource =
      switch reader.take("RNG")?.lowercased() {
      case "cpu": .cpu
      case "nv", "gpu", "cuda": .cuda
      default: request.likeness == .a1111 || request.likeness == .stableDiffusionCpp ? .cuda : nil
      }
  }

  /// A second pass, and a picture that it began from, which is not in the file.
  private mutating func readPasses(_ reader: inout InfotextReader) {
    let strength: Double? = reader.number("Denoising strength")
    let scale: Double? = reader.number("Hires upscale"), size = reader.size("Hires resize")
    if scale != nil || size != nil {
      var hires = HiresFix()
      if let scale { hires.scale = scale }
      hires.size = size
      let steps: Int = reader.number("Hires steps") ?? 0
      hires.steps = steps == 0 ? nil : steps
      hires.strength = strength ?? hires.strength
      if let name = reader.take("Hires upscaler") {
        if let filter = try? HiresFix.Upscaler(named: name) {
          hires.upscaler = filter
        } else {
          upscalers.append(RecordedUpscaler(name, scale: nil, isOfSecondPass: true))
        }
      }
      request.hires = hires
    } else if let strength {
      var change = RecordedChange(strength: strength)
      // AUTOMATIC1111 does not say it; "Just resize" is what it has at first.
      if program == "AUTOMATIC1111" { change.resizing = .stretch }
      if let name = reader.take("Resize mode") { change.resizing = Resizing(rawValue: name) ?? change.resizing }
      if let sides = reader.take("Expand")?.split(separator: " ").map({ Int($0) }), sides.count == 4 {
        change.margins = Margins(
          left: sides[0] ?? 0, top: sides[1] ?? 0, right: sides[2] ?? 0, bottom: sides[3] ?? 0)
      }
      change.mask = readMask(&reader)
      self.change = change
    }
  }

  /// How a mask was used; nil if there was none.
  private func readMask(_ reader: inout InfotextReader) -> RecordedChange.MaskUse? {
    var mask = RecordedChange.MaskUse()
    mask.blur = reader.number("Mask blur")
    let mode = reader.take("Mask mode"), area = reader.take("Inpaint area"), content = reader.take("Masked content")
    let padding: Int? = reader.number("Masked area padding")
    guard mask.blur != nil || mode != nil || area != nil || content != nil || padding != nil else { return nil }
    mask.isInverted = mode == "Inpaint not masked"
    mask.padding = area == "Only masked" ? padding ?? 32 : nil
    mask.content =
      switch content {
      case "fill": .fill
      case "latent noise": .noise
      case "latent nothing": .nothing
      default: .original
      }
    return mask
  }
}

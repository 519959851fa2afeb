import ImagineCheckpoint

/// How a model was distilled for few steps, which decides how it should be drawn with.
///
/// Few files say it; most have it in their names, as `sdxl_lightning_4step` and `DreamShaperXL_Turbo_v2`.
package struct Distillation: Sendable, Hashable {
  package enum Kind: String, Sendable, CaseIterable {
    /// Adversarial diffusion distillation: Sauer et al. (2023); SD-Turbo and SDXL-Turbo.
    case turbo
    /// Lin et al., "SDXL-Lightning" (2024).
    case lightning
    /// Ren et al., "Hyper-SD" (2024).
    case hyper
    /// Luo et al., "Latent consistency models" (2023), and LCM-LoRAs merged into a model.
    case lcm
    /// Zheng et al., "Trajectory consistency distillation" (2024).
    case tcd
    /// Yin et al., "Improved distribution matching distillation" (2024).
    case dmd2
  }

  package let kind: Kind
  /// The number of steps that the name says; nil for none.
  package let steps: Int?
  /// Whether the UNet is told the guidance scale, and does alone what otherwise takes two runs.
  package let isToldGuidance: Bool

  /// The side of the pictures that it was trained with, where that is not its family's; nil if it is.
  package let side: Int?

  /// Whether guidance is not inside.
  package let keepsGuidance: Bool

  package init(
    _ kind: Kind, steps: Int? = nil, isToldGuidance: Bool = false, side: Int? = nil, keepsGuidance: Bool = false
  ) {
    self.keepsGuidance = keepsGuidance
    self.kind = kind
    self.side = side
    self.steps = steps
    self.isToldGuidance = isToldGuidance
  }

  /// Recognises a distilled model: by a UNet that is told the guidance, the scheduler it comes with, the title in its notes,
  /// or its name.
  ///
  /// - Parameter name: of the file or folder, without what follows the last dot of a file's name.
  package init?(name: String, layout: CheckpointLayout) {
    let words = Self.words(name)
    let titled = layout.notes["modelspec.title"].map(Self.words) ?? []
    let isTold = layout.shapes["unet.time_embedding.cond_proj.weight"] != nil
    let scheduler = layout.note("scheduler", "_class_name")?.word
    let isConsistency = isTold || scheduler == "LCMScheduler" || scheduler == "TCDScheduler"
    // The name knows more than the scheduler, which several kinds share.
    guard let kind = (isTold ? .lcm : nil) ?? Self.kind(words) ?? Self.kind(titled) ?? (isConsistency ? .lcm : nil)
    else {
      return nil
    }
    // The two models of that name themselves; what others made of them has its family's size.
    let isOriginal =
      kind == .turbo && words.prefix { ["sd", "xl", "sdxl"].contains($0) }.count == words.firstIndex(of: "turbo")
    self.init(
      kind, steps: Self.steps(words) ?? Self.steps(titled), isToldGuidance: isTold, side: isOriginal ? 512 : nil)
  }

  /// Recognises a LoRA that makes any model one for few steps, by its name or the title in its notes.
  ///
  /// Hyper-SD's files with `CFG` in their names leave guidance outside.
  package init?(adapter name: String, title: String?) {
    let words = Self.words(name), titled = title.map(Self.words) ?? []
    guard let kind = Self.kind(words) ?? Self.kind(titled) else { return nil }
    // LoRAs of weather and of engines are called so, too.
    let isWord = kind == .lightning || kind == .turbo
    let isSure =
      (Self.steps(words) ?? Self.steps(titled)) != nil || words.contains { ["sd", "sdxl", "xl"].contains($0) }
    guard !isWord || isSure else { return nil }
    self.init(
      kind, steps: Self.steps(words) ?? Self.steps(titled), keepsGuidance: kind == .hyper && words.contains("cfg"))
  }

  /// What to draw with: steps, guidance, sampler and schedule. Lightning and Hyper are Euler's method, and Turbo is with fresh
  /// noise, on the timesteps that diffusers calls trailing; LCM and DMD2 take the estimate and add noise, on their own
  /// timesteps and on trailing ones. Guidance is inside: only a UNet that is told it wants more than 1.
  package func apply(to defaults: inout GenerationDefaults) {
    defaults.distillation = self
    defaults.guidanceScale = isToldGuidance ? 8 : keepsGuidance ? 5 : 1
    switch kind {
    case .turbo: (defaults.sampler, defaults.schedule) = ("euler_a", "trailing")
    case .lightning, .hyper: (defaults.sampler, defaults.schedule) = ("euler", "trailing")
    case .lcm: (defaults.sampler, defaults.schedule) = ("lcm", nil)
    case .tcd: (defaults.sampler, defaults.schedule) = ("tcd", nil)
    case .dmd2: (defaults.sampler, defaults.schedule) = ("lcm", "trailing")
    }
    defaults.steps = steps ?? (kind == .hyper ? 8 : 4)
  }

  /// What the UNet predicts, where that is not what its family does: SDXL-Lightning for one step gives the picture itself.
  package var prediction: String? { kind == .lightning && steps == 1 ? "sample" : nil }
}

extension Distillation {
  /// A name's words, in lowercase: what lies between other characters, between a small and a capital letter, and between
  /// letters and digits. Capitals before a word in small letters are a word: `SDXLTurbo` is `sdxl` and `turbo`.
  static func words(_ name: String) -> [String] {
    // Names come from anybody: no more of one than any real name has, and bytes, which cost the same whatever they are.
    let bytes = Array(name.utf8.prefix(200))
    var words: [String] = [], word: [UInt8] = []
    func end() {
      if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self).lowercased()) }
      word = []
    }
    for (index, byte) in bytes.enumerated() {
      guard byte.isLetter || byte.isDigit else {
        end()
        continue
      }
      if let last = word.last {
        let following = index + 1 < bytes.count ? bytes[index + 1] : 0
        let startsWord = byte.isCapital && (last.isSmall || (last.isCapital && following.isSmall))
        if last.isDigit != byte.isDigit || startsWord { end() }
      }
      word.append(byte)
    }
    end()
    return words
  }

  private static func kind(_ words: [String]) -> Kind? {
    // Families are written before the word without a space: sdxlturbo.
    let bare = words.map { word in
      let family = ["sdxl", "sd", "xl"].first { word.hasPrefix($0) && word.count > $0.count }
      return String(word.dropFirst(family?.count ?? 0))
    }
    func has(_ word: String) -> Bool { bare.contains(word) }
    if has("dmd") { return .dmd2 }
    if has("lightning") { return .lightning }
    if has("turbo") { return .turbo }
    if has("lcm") { return .lcm }
    if has("tcd") { return .tcd }
    // A word of ordinary names, as "hyper realism", unless the model it was made with or its steps stand there, too.
    let isHyper = zip(words, words.dropFirst()).contains { $0 == "hyper" && ["sd", "sdxl", "xl"].contains($1) }
    return isHyper || has("hyper") && steps(words) != nil ? .hyper : nil
  }

  /// The number before "step" or "steps".
  private static func steps(_ words: [String]) -> Int? {
    zip(words, words.dropFirst()).compactMap { number, unit in
      ["step", "steps"].contains(unit) ? Int(number).flatMap { 1...64 ~= $0 ? $0 : nil } : nil
    }.first
  }
}

/// Bytes as ASCII.
extension UInt8 {
  fileprivate var isDigit: Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= self }
  fileprivate var isCapital: Bool { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= self }
  fileprivate var isSmall: Bool { UInt8(ascii: "a")...UInt8(ascii: "z") ~= self }
  fileprivate var isLetter: Bool { isCapital || isSmall }
}

internal import ImagineEngine
internal import ImagineImage
internal import ImagineSampling

extension Infotext {
  /// The settings of a picture in AUTOMATIC1111's words and order; what it has no words for comes last, before the version.
  ///
  /// - Parameters:
  ///   - request: with the model's own in place of what was left open.
  ///   - hash: of the model's file.
  init(_ picture: PictureRequest, _ request: GenerationRequest, seed: UInt64, _ model: OpenedModel, hash: String?) {
    var fields = Fields()
    fields["Steps"] = "\(picture.steps)"
    fields["Sampler"] = picture.method.sampler.label
    fields["Schedule type"] = picture.method.scheduleLabel
    fields["CFG scale"] = Self.number(picture.guidance.scale)
    fields["Image CFG scale"] = request.guidance.pictureScale.map(Self.number)
    fields["Seed"] = "\(seed)"
    fields["Size"] = "\(picture.width)x\(picture.height)"
    fields["Model hash"] = hash
    fields["Model"] = model.name
    fields["VAE"] = model.vaeName
    if let variation = request.variation {
      fields["Variation seed"] = variation.seed.map { "\($0)" }
      fields["Variation seed strength"] = Self.number(variation.strength)
    }
    fields["Seed resize from"] = request.noiseSize.map { "\($0)" }
    fields["Denoising strength"] = (request.hires?.strength ?? picture.initial?.strength).map(Self.number)
    fields["Clip skip"] = picture.clipSkip.map { "\($0)" }
    fields["ENSD"] = request.samplerSettings.noiseSeedDelta.map { "\($0)" }
    fields["RNG"] = picture.stream.label
    if request.guidance.minimumSigma > 0 { fields["NGMS"] = Self.number(request.guidance.minimumSigma) }
    fields["Tiling"] =
      request.tiling == [.x, .y] ? "True" : request.tiling == .x ? "x" : request.tiling == .y ? "y" : nil
    fields.add(request.hires)
    fields.add(request.initialImage)
    fields.add(request.samplerSettings)
    if let refiner = request.refiner {
      fields["Refiner"] = refiner.pipeline.report.name
      fields["Refiner switch at"] = Self.number(refiner.start)
    }
    if request.promptSyntax != .plain, let emphasis = request.emphasis, emphasis != .original {
      fields["Emphasis"] = emphasis == .noNorm ? "No norm" : emphasis == .ignore ? "Ignore" : emphasis.name
    }
    if let syntax = request.promptSyntax, syntax != .a1111 { fields["Prompt syntax"] = syntax.name }
    fields["Prompt 2"] = request.secondPrompt
    fields["Negative prompt 2"] = request.secondNegativePrompt
    if request.guidance.rescale != 0 { fields["Guidance rescale"] = Self.number(request.guidance.rescale) }
    fields["Guidance interval"] = request.guidance.interval.map { "\($0.lowerBound) \($0.upperBound)" }
    fields["Like"] = request.likeness?.name
    fields["Version"] = ImagineVersion.full
    self.init(prompt: picture.prompt, negativePrompt: picture.negativePrompt, fields: fields.list)
  }

  /// 7 rather than 7.0, as the pictures of A1111's interface have it.
  fileprivate static func number(_ value: some BinaryFloatingPoint & LosslessStringConvertible) -> String {
    Int(exactly: value).map(String.init) ?? "\(value)"
  }
}

/// Keys and values in the order they are set.
private struct Fields {
  private(set) var list: [(String, String)] = []

  subscript(_ key: String) -> String? {
    get { list.first { $0.0 == key }?.1 }
    set { if let newValue { list.append((key, newValue)) } }
  }

  mutating func add(_ hires: HiresFix?) {
    guard let hires else { return }
    if let size = hires.size {
      self["Hires resize"] = "\(size)"
    } else {
      self["Hires upscale"] = Infotext.number(hires.scale)
    }
    self["Hires steps"] = hires.steps.map { "\($0)" }
    self["Hires upscaler"] = hires.upscaler.label
  }

  mutating func add(_ initial: InitialImage?) {
    guard let initial else { return }
    if initial.resizing != .crop { self["Resize mode"] = initial.resizing.rawValue }
    if initial.margins != Margins() {
      let sides = [initial.margins.left, initial.margins.top, initial.margins.right, initial.margins.bottom]
      self["Expand"] = sides.map { "\($0)" }.joined(separator: " ")
    }
    guard let mask = initial.mask else { return }
    self["Mask blur"] = "\(mask.blur)"
    if mask.isInverted { self["Mask mode"] = "Inpaint not masked" }
    if let padding = mask.padding {
      self["Inpaint area"] = "Only masked"
      self["Masked area padding"] = "\(padding)"
    }
    if mask.content != .original {
      self["Masked content"] =
        switch mask.content {
        case .fill: "fill"
        case .noise: "latent noise"
        case .nothing: "latent nothing"
        case .original: "original"
        }
    }
  }

  mutating func add(_ settings: SamplerSettings) {
    self["Eta"] = settings.eta.map(Infotext.number)
    self["Sigma churn"] = settings.churn.map(Infotext.number)
    self["Sigma tmin"] = settings.churnMinimum.map(Infotext.number)
    self["Sigma tmax"] = settings.churnMaximum.map(Infotext.number)
    self["Sigma noise"] = settings.noise.map(Infotext.number)
    self["Sigmas"] = settings.sigmas.map { $0.map { "\($0)" }.joined(separator: " ") }
  }
}

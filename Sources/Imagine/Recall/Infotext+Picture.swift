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
    fields["Brownian RNG"] = picture.method.brownianStream?.label
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
    let syntax = request.promptSyntax ?? .a1111
    if let emphasis = request.emphasis, emphasis != (syntax == .comfy ? .comfy : .original) {
      fields["Emphasis"] =
        emphasis == .noNorm
        ? "No norm" : emphasis == .ignore ? "Ignore" : emphasis == .original ? "Original" : emphasis.name
    }
    if syntax != request.likeness?.promptSyntax ?? .a1111 { fields["Prompt syntax"] = syntax.name }
    if request.countsEditsAnew { fields["Old prompt editing timelines"] = "True" }
    fields["Prompt 2"] = request.secondPrompt
    fields["Negative prompt 2"] = request.secondNegativePrompt
    if request.guidance.rescale != 0 { fields["Guidance rescale"] = Self.number(request.guidance.rescale) }
    fields["Guidance interval"] = request.guidance.interval.map { "\($0.lowerBound) \($0.upperBound)" }
    fields.add(describing: request)
    if let upscaling = request.upscaling {
      fields["Postprocess upscale by"] = Self.number(upscaling.factor)
      fields["Postprocess upscaler"] = upscaling.upscaler.name
    }
    fields["Like"] = request.likeness?.name
    fields["Version"] = ImagineVersion.full
    self.init(prompt: picture.prompt, negativePrompt: picture.negativePrompt, fields: fields.list)
    // Prompts that the form cannot hold, such as one with a line that looks like the negative prompt, come as fields, too.
    let read = Infotext(parsing: text)
    func isKept(_ prompt: String, _ other: String) -> Bool { prompt.utf8.elementsEqual(other.utf8) }
    guard !isKept(read.prompt, prompt) || !isKept(read.negativePrompt, negativePrompt) else { return }
    let whole = [(Self.wholePrompt, prompt), (Self.wholeNegativePrompt, negativePrompt)]
    self.init(
      prompt: prompt, negativePrompt: negativePrompt, fields: fields.list.dropLast() + whole + fields.list.suffix(1))
  }

  static let wholePrompt = "Whole prompt"
  static let wholeNegativePrompt = "Whole negative prompt"

  /// 7 rather than 7.0, as the pictures of A1111's interface have it.
  static func number(_ value: some BinaryFloatingPoint & LosslessStringConvertible) -> String {
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
    self["Hires upscaler"] = hires.upscalerModel?.name ?? hires.upscaler.label
  }

  /// What Stable Diffusion XL is told of the picture.
  mutating func add(describing request: GenerationRequest) {
    self["Original size"] = request.originalSize.map { "\($0)" }
    self["Crop"] = request.crop.map { "\($0.left) \($0.top)" }
    self["Target size"] = request.targetSize.map { "\($0)" }
    self["Negative original size"] = request.negativeOriginalSize.map { "\($0)" }
    self["Negative crop"] = request.negativeCrop.map { "\($0.left) \($0.top)" }
    self["Negative target size"] = request.negativeTargetSize.map { "\($0)" }
    self["Aesthetic score"] = request.aestheticScore.map(Infotext.number)
    self["Negative aesthetic score"] = request.negativeAestheticScore.map(Infotext.number)
  }

  mutating func add(_ initial: InitialImage?) {
    guard let initial else { return }
    if initial.resizing != .crop { self["Resize mode"] = initial.resizing.rawValue }
    let margins = initial.margins
    if margins != Margins() {
      self["Expand"] = "\(margins.left) \(margins.top) \(margins.right) \(margins.bottom)"
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

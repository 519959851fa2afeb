internal import Foundation
internal import ImagineEngine
internal import ImagineImage
internal import ImagineModels
internal import ImagineSampling

/// From what a person asks for to what the engine is to draw.
extension Pipeline {
  /// A request with the model's own defaults filled in.
  public func recommendedRequest(prompt: String) -> GenerationRequest { resolved(GenerationRequest(prompt: prompt)) }

  /// A request with the model's own defaults, and those of the program that it is to be like, in place of what it leaves open;
  /// only its seeds may still be nil.
  public func resolved(_ request: GenerationRequest) -> GenerationRequest {
    let defaults = opened.model.defaults
    var request = request
    request.size =
      request.size ?? request.initialImage?.ownSize(multipleOf: opened.model.latent.reduction)
      ?? Size(width: defaults.width, height: defaults.height)
    // Noise levels that are given outright say how many.
    request.steps =
      request.samplerSettings.sigmas.map { max($0.count - 1, 1) } ?? request.steps ?? defaults.steps
    request.guidanceScale = request.guidanceScale ?? defaults.guidanceScale
    // A sampler of the person's own comes with its own schedule.
    if request.sampler == nil { request.schedule = request.schedule ?? opened.method.schedule.map(Schedule.init) }
    request.sampler = request.sampler ?? Sampler(opened.method.sampler)
    request.randomSource = request.randomSource ?? request.likeness?.randomSource ?? .cpu
    request.promptSyntax = request.promptSyntax ?? request.likeness?.promptSyntax ?? .a1111
    request.emphasis = request.emphasis ?? (request.promptSyntax == .comfy ? .comfy : .original)
    if let image = request.initialImage { request.initialImage?.strength = strength(image) }
    if opened.model.conditioning.planes == [.picture] {
      request.guidance.pictureScale = request.guidance.pictureScale ?? 1.5
    }
    return request
  }

  /// How much of a picture is changed, unless the request says.
  private func strength(_ image: InitialImage) -> Double {
    let isToldOfPictures = !opened.model.conditioning.planes.isEmpty
    return image.strength ?? (isToldOfPictures || image.margins != Margins() ? 1 : 0.75)
  }

  /// Checks everything about a request that can be checked before any work.
  ///
  /// - Parameter format: of the file that the picture and its settings are to be written to; nil for none.
  /// - Throws: `ImagineError` with code `invalidRequest`, as drawing would, and for settings that a file of the format has no
  ///   room for.
  public func validate(_ request: GenerationRequest, for format: PictureFormat? = nil) throws {
    let request = resolved(request), picture = try picture(request)
    guard let kind = format?.kind, let most = ImageFile.mostLetters(as: kind) else { return }
    let text = Infotext(picture, request, seed: .max, opened, hash: Self.anyHash).text
    guard !ImageFile.hasRoom(for: text, as: kind) else { return }
    throw ImagineError(
      .invalidRequest,
      "The prompts and settings are longer than the \(most) letters that such a file has room for: write a PNG, or leave the "
        + "settings out of the file.", remedies: [.withoutSettings])
  }

  /// As long as that of any model.
  private static let anyHash = "0000000000"

  /// What the engine is to draw, once everything about it is checked.
  ///
  /// - Parameter request: with the model's own in place of what was left open.
  func picture(_ request: GenerationRequest) throws -> PictureRequest { try drawing(of: request).picture }

  /// The same with the way back into the picture that it began from.
  func drawing(of request: GenerationRequest) throws -> (picture: PictureRequest, wayBack: PictureReturn?) {
    guard let size = request.size, let steps = request.steps, let scale = request.guidanceScale,
      let sampler = request.sampler
    else { throw ImagineError(.internalError, "The model has no defaults.") }
    try request.validate(size, steps: steps, guidanceScale: scale, reduction: opened.model.latent.reduction)
    var picture = PictureRequest(
      prompt: request.prompt, negativePrompt: request.negativePrompt, width: size.width, height: size.height,
      steps: steps, guidanceScale: scale, seed: request.seed ?? Self.randomSeed(),
      method: try request.method(sampler), stream: (request.randomSource ?? .cpu).stream)
    picture.count = request.count
    picture.recordsTensors = request.recordsTensors
    picture.previewInterval = request.previewInterval
    picture.clipSkip = request.clipSkip
    picture.syntax = (request.promptSyntax ?? .a1111).kind
    picture.emphasis = (request.emphasis ?? .original).kind
    picture.countsEditsAnew = request.countsEditsAnew
    picture.habits = PictureHabits(request.likeness?.kind)
    // ComfyUI encodes an empty text where others take zeros.
    picture.zeroesEmptyNegative = request.likeness != .comfyUI
    // Those two run prompts of different length apart.
    picture.levelsPrompts = request.likeness != .a1111 && request.likeness != .comfyUI
    picture.guidance = try request.guidance(scale)
    picture.variation = try request.variation.map {
      ($0.seed ?? Self.randomSeed(), try request.requireShare($0.strength, "variation strength"))
    }
    picture.noiseSize = try request.noiseSize.map { size in
      try request.validate("noise", size, reduction: opened.model.latent.reduction)
      return (size.width, size.height)
    }
    picture.tiling = SeamlessAxes(rawValue: request.tiling.rawValue & 3)
    try describe(&picture, request)
    picture.hires = try hires(request, size)
    picture.refiner = try request.refiner.map { try refiner($0) }
    let drawn = picture.finalSize
    picture.upscaler = try upscaler(request, Size(width: drawn.width, height: drawn.height))
    try ImagineError.translating {
      try picture.requireLayers(of: opened)
      try picture.requirePrompts()
    }
    // What takes time comes last.
    let prepared = try prepared(request)
    picture.initial = prepared?.initial
    try ImagineError.translating { try picture.requirePasses(sampling: opened.sampling) }
    return (picture, prepared?.wayBack)
  }

  private static func randomSeed() -> UInt64 { UInt64(UInt32.random(in: 0...UInt32.max)) }

  private func hires(_ request: GenerationRequest, _ size: Size) throws -> HiresPass? {
    guard let hires = request.hires else { return nil }
    guard request.initialImage == nil else {
      throw ImagineError(
        .invalidRequest, "A picture to change is drawn in one pass: leave the second pass out, or the picture.")
    }
    if let steps = hires.steps { try request.validate(steps: steps) }
    let reduction = opened.model.latent.reduction
    guard hires.scale.isFinite, 0.1...100 ~= hires.scale else {
      throw ImagineError(.invalidRequest, "A picture cannot become \(hires.scale) times as large: choose 1 to 8.")
    }
    func side(_ length: Int) -> Int { max(Int(Double(length) * hires.scale) / reduction, 1) * reduction }
    let target = hires.size ?? Size(width: side(size.width), height: side(size.height))
    try request.validate("second", target, reduction: reduction)
    return HiresPass(
      width: target.width, height: target.height, steps: hires.steps,
      strength: try request.requireShare(hires.strength, "strength of the second pass"),
      enlargement: hires.upscalerModel == nil ? hires.upscaler.kind : .lanczos,
      upscaler: try hires.upscalerModel.map(requireOwn))
  }

  /// An upscaler that the same engine runs.
  private func requireOwn(_ upscaler: UpscalerModel) throws -> OpenedUpscaler {
    guard upscaler.engine === engine else {
      throw ImagineError(.invalidRequest, "A model and its upscaler have to be opened on the same engine.")
    }
    return upscaler.opened
  }

  private func upscaler(_ request: GenerationRequest, _ size: Size) throws -> OpenedUpscaler? {
    guard let upscaling = request.upscaling else { return nil }
    _ = try upscaling.target(of: size)
    return try requireOwn(upscaling.upscaler)
  }

  /// The picture that drawing begins from, and the way back from what is drawn; nil for noise alone.
  private func prepared(_ request: GenerationRequest) throws -> PreparedPicture? {
    guard let image = request.initialImage, let size = request.size else { return nil }
    let planes = opened.model.conditioning.planes
    guard opened.model[.encoder] != nil else {
      throw ImagineError(
        .unsupportedModel,
        "The autoencoder of \(report.name) has no encoder, and cannot begin with a picture: give a complete one, or leave the "
          + "picture out.", path: report.url.path(percentEncoded: false))
    }
    if image.resizing == .latent, image.mask != nil || image.margins != Margins() || !planes.isEmpty {
      throw ImagineError(
        .invalidRequest,
        "Latents are not resized under a mask, nor for models that are told of a picture: choose another way to resize it."
      )
    }
    if image.mask != nil, planes == [.picture] {
      throw ImagineError(
        .invalidRequest, "\(report.name) edits whole pictures by instruction: leave the mask out.")
    }
    let limit = GenerationRequest.longestSide
    let length = max(image.picture.size.width, image.picture.size.height)
    guard image.resizing != .latent || length <= limit else {
      throw ImagineError(
        .invalidRequest,
        "A picture of \(image.picture.size) is too large to resize its latents: choose one of up to \(limit) pixels a side, or "
          + "another way to resize it.")
    }
    let sides = [image.margins.left, image.margins.top, image.margins.right, image.margins.bottom]
    guard sides.allSatisfy({ 0...limit ~= $0 }) else {
      throw ImagineError(.invalidRequest, "A picture can grow by 0 to \(limit) pixels at each side.")
    }
    if let mask = image.mask {
      guard 0...256 ~= mask.blur else {
        throw ImagineError(.invalidRequest, "A mask's edge of \(mask.blur) pixels is not possible: choose 0 to 256.")
      }
      guard 0...limit ~= mask.padding ?? 0 else {
        throw ImagineError(
          .invalidRequest, "\(mask.padding ?? 0) pixels around a masked part are not possible: choose 0 to \(limit).")
      }
    }
    return try ImagineError.translating {
      try PreparedPicture(
        image, size: size, strength: try request.requireShare(strength(image), "strength"),
        reduction: opened.model.latent.reduction, habits: PictureHabits(request.likeness?.kind))
    }
  }

  /// What the model is told of the picture.
  private func describe(_ picture: inout PictureRequest, _ request: GenerationRequest) throws {
    if request.guidance.pictureScale != nil, opened.model.conditioning.planes != [.picture] {
      throw ImagineError(
        .invalidRequest,
        "\(report.name) is not guided by a picture, as models that edit by instruction are: leave the guidance of the picture "
          + "out.")
    }
    let told = opened.model.conditioning.numbers
    let asked: [(String, Bool, Conditioning.PictureNumber)] = [
      ("original size", request.originalSize != nil, .originalHeight), ("crop", request.crop != nil, .cropTop),
      ("target size", request.targetSize != nil, .targetHeight),
      ("original size", request.negativeOriginalSize != nil, .originalHeight),
      ("crop", request.negativeCrop != nil, .cropTop),
      ("target size", request.negativeTargetSize != nil, .targetHeight),
      ("aesthetic score", request.aestheticScore != nil, .aestheticScore),
      ("aesthetic score", request.negativeAestheticScore != nil, .aestheticScore),
    ]
    for (name, isAsked, number) in asked where isAsked && !told.contains(number) {
      // A refiner may be told what the model is not.
      guard request.refiner == nil else { continue }
      throw ImagineError(
        .invalidRequest, "A model of \(report.family) is not told of a picture's \(name): leave it out.")
    }
    for size in [
      request.originalSize, request.targetSize, request.negativeOriginalSize, request.negativeTargetSize,
    ].compactMap({ $0 }) {
      guard 1...100_000 ~= size.width, 1...100_000 ~= size.height else {
        throw ImagineError(.invalidRequest, "A picture of \(size) is none: choose sides of 1 to 100000 pixels.")
      }
    }
    for crop in [request.crop, request.negativeCrop].compactMap({ $0 })
    where !(0...100_000 ~= crop.left && 0...100_000 ~= crop.top) {
      throw ImagineError(
        .invalidRequest, "A crop at \(crop.left),\(crop.top) is not possible: choose pixels from 0 to 100000.")
    }
    picture.originalSize = request.originalSize.map { ($0.width, $0.height) }
    picture.targetSize = request.targetSize.map { ($0.width, $0.height) }
    picture.crop = request.crop.map { ($0.left, $0.top) } ?? (0, 0)
    picture.negativeOriginalSize = request.negativeOriginalSize.map { ($0.width, $0.height) }
    picture.negativeTargetSize = request.negativeTargetSize.map { ($0.width, $0.height) }
    picture.negativeCrop = request.negativeCrop.map { ($0.left, $0.top) }
    picture.aestheticScore = try request.requireScore(request.aestheticScore) ?? picture.aestheticScore
    picture.negativeAestheticScore =
      try request.requireScore(request.negativeAestheticScore) ?? picture.negativeAestheticScore
    guard
      request.secondPrompt == nil && request.secondNegativePrompt == nil || opened.model.conditioning.texts.count > 1
    else {
      throw ImagineError(
        .invalidRequest, "A model of \(report.family) has one text encoder, and reads no second prompt: leave it out.")
    }
    picture.secondPrompt = request.secondPrompt
    picture.secondNegativePrompt = request.secondNegativePrompt
  }

  private func refiner(_ refiner: Refiner) throws -> PictureRequest.Refiner {
    guard 0...1 ~= refiner.start else {
      throw ImagineError(
        .invalidRequest, "A refiner cannot begin at \(refiner.start): choose a share of the noise from 0 to 1.")
    }
    guard refiner.pipeline.engine === engine else {
      throw ImagineError(.invalidRequest, "A model and its refiner have to be opened on the same engine.")
    }
    let other = refiner.pipeline.opened.model.latent
    guard other == opened.model.latent else {
      throw ImagineError(
        .invalidRequest,
        "\(refiner.pipeline.report.name) cannot go on with pictures of \(report.name): it draws in another space, choose a "
          + "refiner of the same family.", path: refiner.pipeline.report.url.path(percentEncoded: false))
    }
    guard refiner.pipeline.opened.sampling == opened.sampling else {
      throw ImagineError(
        .invalidRequest,
        "\(refiner.pipeline.report.name) cannot go on with pictures of \(report.name): it was trained with other noise, or "
          + "predicts something else, choose a refiner of the same kind.",
        path: refiner.pipeline.report.url.path(percentEncoded: false))
    }
    guard refiner.pipeline.opened.model.conditioning.planes == opened.model.conditioning.planes else {
      throw ImagineError(
        .invalidRequest,
        "\(refiner.pipeline.report.name) cannot go on with pictures of \(report.name): one of them is told of a picture or a "
          + "mask and the other is not, choose a refiner of the same kind.",
        path: refiner.pipeline.report.url.path(percentEncoded: false))
    }
    return PictureRequest.Refiner(model: refiner.pipeline.opened, start: refiner.start)
  }
}

internal import ImagineImage
internal import ImagineModels
internal import ImagineSampling
internal import ImagineText

extension Workload {
  /// The networks that drawing runs.
  ///
  /// - Parameter plans: what each of the request's models reads.
  /// - Throws: `EngineError` if a text encoder has not the layer that is asked for.
  init(_ request: PictureRequest, _ model: OpenedModel, _ plans: [PromptPlan]) throws {
    self.init()
    let latent = model.model.latent
    func shape(_ width: Int, _ height: Int) -> NetworkShape {
      NetworkShape(height: height / latent.reduction, width: width / latent.reduction, seamless: request.tiling)
    }
    let models = request.models(first: model)
    for (model, plan) in zip(models, plans) {
      for (text, sequences) in zip(model.model.conditioning.texts, plan.sequences) {
        let skipped = try request.skippedLayers(of: text)
        var shape = NetworkShape(rows: sequences.count, skippedLayers: skipped)
        shape.insertsVectors = sequences.contains { !$0.vectors.isEmpty }
        add(text.role, of: model, shape)
      }
    }
    let small = shape(request.width, request.height)
    if let initial = request.initial { add(.encoder, of: model, shape(initial.width, initial.height)) }
    if model.model.conditioning.planes.contains(.maskedPicture) { add(.encoder, of: model, small) }
    var sizes = [small]
    if let hires = request.hires {
      let large = shape(hires.width, hires.height)
      sizes.append(large)
      if model.model.conditioning.planes.contains(.maskedPicture) { add(.encoder, of: model, large) }
      if hires.enlargement.latentResampling == nil {
        add(.decoder, of: model, small)
        if let upscaler = hires.upscaler { add(upscaler, of: (request.width, request.height)) }
        add(.encoder, of: model, large)
      }
    }
    addGuides(of: request, sizes: sizes)
    for (index, size) in sizes.enumerated() {
      for (model, plan) in zip(models, plans) where index == sizes.count - 1 || model === models[0] {
        var shape = size
        (shape.rows, shape.tokens) = plan.largestRun
        if model.model.conditioning.planes == [.picture], plan.negative != nil { shape.rows += 1 }
        if model === models[0] {
          addControls(of: request, shape)
          shape.additions = request.largestAdditions(model)
        }
        shape.additions.caching = request.featureReuse.map { .keeps(branch: $0.branch) }
        add(.denoiser, of: model, shape)
      }
    }
    add(.decoder, of: model, sizes[sizes.count - 1])
    if let upscaler = request.upscaler { add(upscaler, of: request.finalSize) }
  }

  /// A window of a picture that is made larger. Where memory is short, it is a smaller one.
  private mutating func add(_ upscaler: OpenedUpscaler, of size: (width: Int, height: Int)) {
    let multiple = upscaler.model.multiple
    func side(_ extent: Int) -> Int { (min(extent, 128) + multiple - 1) / multiple * multiple }
    add(.upscaler, of: upscaler.part, NetworkShape(height: side(size.height), width: side(size.width)))
  }
}

extension PictureRequest {
  /// The models that draw it.
  func models(first: OpenedModel) -> [OpenedModel] { [first, refiner?.model].compactMap { $0 } }

  /// Everything that drawing it runs.
  func opened(first: OpenedModel) -> [any OpenedNetworks] { models(first: first) + parts }

  /// Whether a model has to be run for the negative prompt, too; not where it has guidance inside.
  func isGuided(by model: OpenedModel) -> Bool {
    model.model.conditioning.guidanceWidth == nil && method.adapted(guidance).needsUnconditional
  }
}

internal import ImagineModels

/// What goes beside prompts in a request.
extension PictureRequest {
  /// Networks of the files that guide it.
  var guides: [OpenedPart] {
    controls.map(\.opened.part) + imagePrompts.flatMap { [$0.opened.adapter, $0.opened.encoder] }
  }

  /// - Throws: `EngineError` for sizes that a network cannot be run at, and for pictures that would be hidden under no mask.
  package func requireControls() throws {
    for control in controls {
      let step = control.opened.sizeStep
      for (width, height) in [(width, height)] + (hires.map { [($0.width, $0.height)] } ?? [])
      where !width.isMultiple(of: step) || !height.isMultiple(of: step) {
        throw EngineError(
          .invalidRequest,
          "The T2I-Adapter '\(control.opened.part.name)' guides pictures whose sides are multiples of \(step), and "
            + "\(width)x\(height) is none: choose another size.")
      }
      guard control.hidesMask, initial?.mask == nil else { continue }
      throw EngineError(
        .invalidRequest,
        "The ControlNet '\(control.opened.part.name)' is to see a picture without its masked part, and there is no mask: give "
          + "one, or choose another preprocessor.")
    }
  }

  /// What the person should know of the networks that guide it beside a model.
  func guideNotices(_ model: OpenedModel) -> [EngineNotice] {
    var notices = controls.flatMap(\.opened.notices) + imagePrompts.flatMap(\.opened.notices)
    if let refiner, refiner.model !== model, !controls.isEmpty || !imagePrompts.isEmpty {
      notices.append(
        EngineNotice(
          .settings, "The refiner is another model: what guides the picture has no part in the steps that it does."))
    }
    return notices
  }

  /// What goes into the denoiser at most.
  func largestAdditions(_ model: OpenedModel) -> DenoiserAdditions {
    var additions = DenoiserAdditions()
    for control in controls {
      switch control.opened.kind {
      case .controlNet: additions.hasControl = true
      case .t2iAdapter(let configuration):
        additions.features = max(additions.features, configuration.channels.count)
      }
    }
    additions.imageTokens = imagePrompts.map { $0.opened.tokens * $0.pictures.count }
    return additions
  }
}

extension Workload {
  /// What is run for the guides of a request before the first step.
  mutating func addGuides(of request: PictureRequest, sizes: [NetworkShape]) {
    for prompt in request.imagePrompts {
      add(.imageEncoder, of: prompt.opened.encoder, NetworkShape())
      add(.imagePrompt, of: prompt.opened.adapter, NetworkShape(rows: prompt.pictures.count))
    }
    for size in sizes {
      for control in request.controls { add(.features, of: control.opened.part, size) }
    }
  }

  /// What is run for them at a step.
  mutating func addControls(of request: PictureRequest, _ shape: NetworkShape) {
    for control in request.controls { add(.control, of: control.opened.part, shape) }
  }
}

internal import Foundation
internal import ImagineEngine
internal import ImagineImage

/// From the pictures that guide a request to what the engine is to draw by.
extension Pipeline {
  /// The most networks that guide a picture at once, of each kind: far more than anybody has use for.
  private static let most = 16

  /// Opens what guides the request, and puts it into the engine's request.
  ///
  /// - Parameter wayBack: of a picture of which a part alone is drawn: pictures that guide are cut as it is.
  /// - Throws: `ImagineError` for files that are not what they are to be, and settings that are not possible.
  func addGuides(to picture: inout PictureRequest, _ request: GenerationRequest, wayBack: PictureReturn?) throws {
    for (name, count) in [
      ("pictures guide", request.controls.count), ("adapters look at pictures", request.imagePrompts.count),
    ]
    where count > Self.most {
      throw ImagineError(.invalidRequest, "\(count) \(name) at once: give \(Self.most) at most.")
    }
    picture.controls = try request.controls.map { try control($0, request, wayBack) }
    picture.imagePrompts = try request.imagePrompts.map { try imagePrompt($0, request) }
    let complete = picture
    try ImagineError.translating { try complete.requireControls() }
  }

  private func control(
    _ image: ControlImage, _ request: GenerationRequest, _ wayBack: PictureReturn?
  ) throws -> PictureControl {
    try request.requireStretch(image.weight, from: image.start, to: image.end, "picture that guides")
    guard let source = image.picture ?? request.initialImage?.picture else {
      throw ImagineError(
        .invalidRequest,
        "'\(image.model.lastPathComponent)' guides by a picture, and there is none: give one, or a picture to change.")
    }
    guard image.resizing != .latent else {
      throw ImagineError(
        .invalidRequest, "A picture that guides has no latents to resize: choose another way to resize it.")
    }
    return try ImagineError.translating(path: image.model) {
      let opened = try OpenedControl(image.model, beside: opened, on: engine.inner)
      var given = try source.opaque, fitting = Fitting(image.resizing)
      if let wayBack, let box = wayBack.box {
        let whole = wayBack.original
        given = try given.fitted(fitting, width: whole.width, height: whole.height).cropped(box)
        fitting = .fill
      }
      var control = PictureControl(opened, picture: given)
      control.fitting = fitting
      control.preprocessor = image.preprocessor.kind
      control.hidesMask = image.preprocessor.hidesMask
      control.weight = image.weight
      (control.start, control.end) = (image.start, image.end)
      control.importance = image.importance.kind
      return control
    }
  }

  private func imagePrompt(_ prompt: ImagePrompt, _ request: GenerationRequest) throws -> PicturePrompt {
    try request.requireStretch(prompt.weight, from: prompt.start, to: prompt.end, "picture as a prompt")
    guard 1...Self.most ~= prompt.pictures.count else {
      throw ImagineError(
        .invalidRequest,
        "'\(prompt.model.lastPathComponent)' looks at \(prompt.pictures.count) pictures: give 1 to \(Self.most).")
    }
    return try ImagineError.translating(path: prompt.model) {
      let opened = try OpenedImagePrompt(prompt.model, encoder: prompt.encoder, beside: opened, on: engine.inner)
      var result = PicturePrompt(opened, pictures: try prompt.pictures.map { try $0.opaque })
      result.weight = prompt.weight
      (result.start, result.end) = (prompt.start, prompt.end)
      return result
    }
  }
}

extension GenerationRequest {
  /// - Throws: `ImagineError` for a weight or a stretch of the steps that is none.
  fileprivate func requireStretch(_ weight: Float, from start: Double, to end: Double, _ name: String) throws {
    guard weight.isFinite, -10...10 ~= weight else {
      throw ImagineError(
        .invalidRequest, "A weight of \(weight) for a \(name) is not possible: choose 0 to 2; 1 is usual.")
    }
    guard 0...1 ~= start, 0...1 ~= end, start <= end else {
      throw ImagineError(
        .invalidRequest,
        "A \(name) cannot count from \(start) to \(end) of the steps: choose two shares from 0 to 1, the smaller one first."
      )
    }
  }
}

internal import ImagineModels
package import ImagineSampling

/// One run over falling noise levels of a request: there is a second where a picture is drawn again at a larger size.
struct PicturePass: Sendable {
  /// With the pass's own size and steps.
  let request: PictureRequest
  let plan: SamplingPlan
  /// How the smaller picture before it becomes the beginning of this one; nil for the first pass.
  let enlargement: Enlargement?
}

extension PictureRequest {
  /// - Throws: `SamplingError` for steps that are not possible.
  package func requirePasses(sampling: ModelSampling) throws { _ = try passes(sampling: sampling) }

  /// - Throws: `SamplingError` for steps that are not possible.
  func passes(sampling: ModelSampling) throws -> [PicturePass] {
    let first = PicturePass(
      request: self, plan: try method.plan(steps: steps, sampling: sampling, strength: initial?.strength),
      enlargement: nil)
    guard let hires else { return [first] }
    var second = self
    (second.width, second.height) = (hires.width, hires.height)
    second.steps = hires.steps ?? steps
    // What the first began from is in its latents.
    second.initial = nil
    second.callsBefore = steps * method.sampler.callsPerStep
    let plan = try method.plan(
      steps: second.steps, sampling: sampling, strength: hires.strength, hasExactSteps: true)
    return [first, PicturePass(request: second, plan: plan, enlargement: hires.enlargement)]
  }

  /// Says which settings mean nothing to the sampler or to the models; none if all do.
  func unusedSettings(_ models: [OpenedModel]) -> [EngineNotice] {
    var notices: [EngineNotice] = []
    let unused = method.unusedSettings()
    if !unused.isEmpty {
      notices.append(
        EngineNotice(
          .settings,
          "The sampler \(method.sampler.label) has no use for \(unused.joined(separator: ", ")): the picture is as without."
        ))
    }
    if !models.contains(where: isGuided) {
      let given = [
        ("guidance rescale", guidance.rescale != 0), ("guidance interval", guidance.interval != nil),
        ("guidance minimum sigma", guidance.minimumSigma != 0),
      ].filter(\.1).map(\.0)
      if !given.isEmpty {
        notices.append(
          EngineNotice(
            .settings,
            "Nothing is guided where the guidance scale is 1, or inside the model, and \(given.joined(separator: ", ")) "
              + "\(given.count == 1 ? "has" : "have") no effect."))
      }
    }
    if method.adapted(guidance).keepsUnconditional,
      models.contains(where: { $0.model.conditioning.guidanceWidth != nil })
    {
      notices.append(
        EngineNotice(
          .settings,
          "The model has guidance inside, and \(method.sampler.label) steps as if it had none: choose a sampler without CFG++."
        ))
    }
    return notices
  }

  /// The size of the finished picture.
  package var finalSize: (width: Int, height: Int) { hires.map { ($0.width, $0.height) } ?? (width, height) }
}

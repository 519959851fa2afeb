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

  /// Says which of the sampler's settings mean nothing to it; nil if all do.
  var unusedSettings: EngineNotice? {
    let unused = method.unusedSettings()
    guard !unused.isEmpty else { return nil }
    return EngineNotice(
      .settings,
      "The sampler \(method.sampler.label) has no use for \(unused.joined(separator: ", ")): the picture is as without."
    )
  }

  /// The size of the finished picture.
  var finalSize: (width: Int, height: Int) { hires.map { ($0.width, $0.height) } ?? (width, height) }
}

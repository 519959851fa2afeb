internal import ImagineGraph
internal import ImagineModels
internal import ImagineSampling
internal import Synchronization

/// One pass over falling noise levels at one size: everything that is settled before its first step, and nothing that another
/// request sees.
struct PictureJob: Sendable {
  /// A stretch of the steps, done by one model.
  struct Phase: Sendable {
    let model: OpenedModel
    let conditions: Conditions
    /// The first step that it does, from 0.
    let firstStep: Int
  }

  let pass: PicturePass
  let policy: MemoryPolicy
  let latent: LatentFormat
  let phases: [Phase]
  let beginning: Beginning
  /// What guides the pass beside prompts.
  let additions: PassAdditions
  let recorder: TensorRecorder?
  /// Of the picture among the request's, from 0.
  let index: Int
  /// Steps of the passes before this one.
  let stepsBefore: Int
  /// Steps of all passes.
  let stepCount: Int
  /// Hears what is done, and what the person should know.
  let report: @Sendable (EngineEvent) -> Void

  /// With this pass's size and steps.
  var request: PictureRequest { pass.request }
  var plan: SamplingPlan { pass.plan }
  /// Of the noise that is mixed in; nil for none.
  var variationSeed: UInt64? { request.variation.map { $0.seed &+ UInt64(index) } }
  var seed: UInt64 { request.seed &+ (request.variation == nil ? UInt64(index) : 0) }
  var latentWidth: Int { request.width / latent.reduction }
  var latentHeight: Int { request.height / latent.reduction }
  /// As other programs have it: [1, C, h, w].
  var latentShape: [Int] { [1, latent.channels, latentHeight, latentWidth] }
  var latentCount: Int { latent.channels * latentHeight * latentWidth }

  /// Who does a step.
  ///
  /// - Parameter step: from 0.
  func phase(of step: Int) -> Phase? { phases.last { $0.firstStep <= step } }

  /// Latents in the scale other programs show them in: k-diffusion's for the sigma samplers, of unit variance for
  /// diffusers' DDIM.
  func asOthersHaveThem(_ latents: [Float]) -> [Float] {
    guard plan.start == .unitVariance, let sigma = plan.sigmas.first else { return latents }
    return latents.map { $0 * plan.sampling.inputScale(at: sigma) }
  }

  /// Tells that a step of the pass is done.
  func reportStep(_ step: SamplingStep) {
    report(.step(picture: index, step: stepsBefore + step.index, count: stepCount))
  }
}

/// Numbers from 0, each once.
final class Counter: Sendable {
  private let count = Atomic(0)

  /// How many were given out.
  var value: Int { count.load(ordering: .relaxed) }

  func next() -> Int { count.add(1, ordering: .relaxed).oldValue }
}

internal import ImagineGraph
internal import ImagineModels
internal import ImagineSampling
internal import Synchronization

/// One request on its way: everything that is settled before its first step, and nothing that another request sees.
struct PictureJob: Sendable {
  /// A stretch of the steps, done by one model.
  struct Phase: Sendable {
    let model: OpenedModel
    let conditions: Conditions
    /// Values behind the latents' channels, [1, h, w, C]; nil for denoisers that take latents alone.
    let extra: HostTensor?
    /// The first step that it does, from 0.
    let firstStep: Int
  }

  let request: PictureRequest
  let policy: MemoryPolicy
  let plan: SamplingPlan
  let latent: LatentFormat
  let phases: [Phase]
  let recorder: TensorRecorder?
  /// Hears what is done, and what the person should know.
  let report: @Sendable (EngineEvent) -> Void

  var latentWidth: Int { request.width / latent.reduction }
  var latentHeight: Int { request.height / latent.reduction }
  /// As other programs have it: [1, C, h, w].
  var latentShape: [Int] { [1, latent.channels, latentHeight, latentWidth] }
  var latentCount: Int { latent.channels * latentHeight * latentWidth }

  /// Who does a step.
  ///
  /// - Parameter step: from 0.
  func phase(of step: Int) -> Phase? { phases.last { $0.firstStep <= step } }

  /// The first latents in the scale other programs show them in: k-diffusion's for the sigma samplers, unit noise for
  /// diffusers' DDIM.
  func initialLatentsAsOthersHaveThem(_ noise: [Float]) -> [Float] {
    switch plan.start {
    case .noiseLevel: plan.initialLatents(noise: noise)
    case .unitVariance: noise
    }
  }
}

/// Numbers from 0, each once.
final class Counter: Sendable {
  private let count = Atomic(0)

  /// How many were given out.
  var value: Int { count.load(ordering: .relaxed) }

  func next() -> Int { count.add(1, ordering: .relaxed).oldValue }
}

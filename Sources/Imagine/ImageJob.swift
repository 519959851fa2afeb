internal import ImagineGraph
internal import ImagineSampling
internal import Synchronization

/// One picture on its way: everything that is settled before its first step.
struct ImageJob: Sendable {
  let request: GenerationRequest
  let seed: UInt64
  let method: SamplingMethod
  let plan: SamplingPlan
  /// [N, 77, D]: with guidance the negative prompt's, then the positive one's.
  let context: HostTensor
  /// Pixels along one side of a latent position.
  let reduction: Int
  let recorder: TensorRecorder?
  /// Hears what is done, and what the person should know.
  let report: @Sendable (GenerationEvent) -> Void

  var latentWidth: Int { request.size.width / reduction }
  var latentHeight: Int { request.size.height / reduction }
  var latentShape: [Int] { [1, 4, latentHeight, latentWidth] }
  var latentCount: Int { 4 * latentHeight * latentWidth }

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

internal import Synchronization

/// A denoiser made of a model, the way it sees noise, and guidance.
///
/// It is to models what k-diffusion's `CompVisDenoiser` is: behind it a sampler sees neither timesteps nor prompts. Samplers
/// take it as a ``Denoiser/init(_:)-(GuidedDenoiser)``. One value serves one run: it counts the calls.
package final class GuidedDenoiser: Sendable {
  /// Runs the model. Outputs are as long as the input; the unconditional one is only wanted where the call says so.
  package typealias Model = @Sendable (_ call: ModelCall) async throws -> ModelOutput

  /// Sees every guided model output, in the order of the calls.
  package typealias Observer = @Sendable (_ prediction: [Float], _ timestep: Float) async throws -> Void

  private let sampling: ModelSampling
  private let guidance: Guidance
  private let observe: Observer?
  private let model: Model
  private let calls = Atomic(0)

  package init(
    sampling: ModelSampling, guidance: Guidance, observe: Observer? = nil, model: @escaping Model
  ) {
    self.sampling = sampling
    self.guidance = guidance
    self.observe = observe
    self.model = model
  }

  /// The denoised latents of noisy ones in k-diffusion's scale.
  ///
  /// - Throws: ``SamplingError/valueCount(_:expected:)``, and whatever the model or the observer throws.
  package func estimate(_ x: [Float], _ sigma: Float) async throws -> Denoiser.Estimate {
    let timestep = sampling.timestep(at: sigma)
    let index = calls.add(1, ordering: .relaxed).oldValue
    let call = ModelCall(
      input: scaled(x, by: sampling.inputScale(at: sigma)), timestep: timestep, sigma: sigma, index: index,
      isGuided: guidance.isGuided(at: sigma, call: index))
    let output = try await model(call)
    let guided = try guidance.guided(output)
    guard guided.count == x.count else { throw SamplingError.valueCount(guided.count, expected: x.count) }
    try await observe?(guided, timestep)
    return Denoiser.Estimate(
      guided: sampling.denoised(x, output: guided, sigma: sigma),
      unconditional: guidance.keepsUnconditional
        ? output.unconditional.map { sampling.denoised(x, output: $0, sigma: sigma) } : nil)
  }

  /// The guided estimate.
  package func callAsFunction(_ x: [Float], _ sigma: Float) async throws -> [Float] {
    try await estimate(x, sigma).guided
  }
}

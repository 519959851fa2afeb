/// Estimates the noise-free latents behind noisy ones: x [n] in k-diffusion's scale, at noise level sigma, to [n].
package typealias Denoiser = @Sendable (_ x: [Float], _ sigma: Float) async throws -> [Float]

/// An algorithm that takes latents from one noise level to the next.
///
/// What a sampler remembers between steps it keeps in stored properties: a fresh value starts a fresh run. To add one, write
/// its file and name it in ``SamplerKind``.
package protocol Sampler: Sendable {
  /// The name in A1111.
  static var label: String { get }
  /// Further names in use elsewhere; see ``NamedChoice/aliases``.
  static var aliases: [String] { get }
  /// The schedule it runs on unless told otherwise; nil where ``defaultPlan(steps:sampling:)`` follows none of them.
  static var defaultSchedule: SigmaSchedule? { get }
  /// How a run on a chosen schedule begins; unless said otherwise as in k-diffusion.
  static var start: SamplingPlan.Start { get }

  /// A sampler at the start of a run, with the settings A1111 gives it.
  init()

  /// The run it makes unless told a schedule.
  static func defaultPlan(steps: Int, sampling: ModelSampling) throws(SamplingError) -> SamplingPlan

  /// Takes the latents `x` from noise level `sigma` to the lower level `next`, which may be 0.
  ///
  /// - Returns: the denoised estimate the step went by, for previews.
  mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float]
}

extension Sampler {
  package static var start: SamplingPlan.Start { .noiseLevel }

  package static func defaultPlan(steps: Int, sampling: ModelSampling) throws(SamplingError) -> SamplingPlan {
    try SamplingPlan(schedule: defaultSchedule ?? .normal, steps: steps, start: start, sampling: sampling)
  }
}

/// Moves latents from one noise level to another along the straight line through a denoised estimate.
///
/// The line is the exact path of the probability flow ODE `dx/dsigma = (x - denoised) / sigma` while the estimate holds, so
/// every sampler here moves along one; they differ in the estimate, and in the noise they add.
func straightStep(_ x: [Float], towards denoised: [Float], from sigma: Float, to next: Float) -> [Float] {
  let remaining = next / sigma
  return weightedSum(remaining, x, 1 - remaining, denoised)
}

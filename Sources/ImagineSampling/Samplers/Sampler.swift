/// An algorithm that takes latents from one noise level to the next.
///
/// What a sampler remembers between steps it keeps in stored properties: a fresh value starts a fresh run. To add one, write
/// its file and name it in ``SamplerKind``.
package protocol Sampler: Sendable {
  /// The name in A1111, or where it comes from.
  static var label: String { get }
  /// Further names in use elsewhere; see ``NamedChoice/aliases``.
  static var aliases: [String] { get }
  /// The schedule it runs on unless told otherwise; nil where it has timesteps of its own, ``ownPlan(steps:sampling:habits:)``.
  static var defaultSchedule: SigmaSchedule? { get }
  /// How a run on a chosen schedule begins; unless said otherwise as in k-diffusion.
  static var start: SamplingPlan.Start { get }
  /// Calls of the model in a step, as prompts that change on the way count them: 1 or 2.
  static var callsPerStep: Int { get }
  /// What it can be told.
  static var settings: Set<SamplerSetting> { get }
  /// Which of diffusers' schedulers it is like.
  static var relation: DiffusersRelation { get }
  /// Whether A1111 runs it on timesteps rather than on noise levels.
  static var isOnTimesteps: Bool { get }
  /// Whether its noise is that along a Brownian path.
  static var isBrownian: Bool { get }
  /// Whether it steps by the unconditional estimate: CFG++.
  static var usesUnconditional: Bool { get }
  /// What the guidance scale that people choose is divided by.
  static var guidanceDivisor: Float { get }

  /// A sampler at the start of a run.
  init(_ run: SamplerRun)

  /// The run it makes unless told a schedule; nil where it follows its ``defaultSchedule``.
  static func ownPlan(steps: Int, sampling: ModelSampling, habits: SamplingHabits) throws(SamplingError)
    -> SamplingPlan?

  /// The run it makes of a schedule's levels; most leave them as they are.
  static func adapted(_ plan: SamplingPlan, habits: SamplingHabits) -> SamplingPlan

  /// Whether the level before the last is left out of a schedule of one step more.
  static func discardsPenultimate(_ habits: SamplingHabits) -> Bool

  /// Takes the latents `x` from noise level `sigma` to the lower level `next`, which may be 0.
  ///
  /// - Returns: the denoised estimate the step went by, for previews.
  mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float]
}

/// Which kind of diffusers' schedulers a sampler is like: they differ in timesteps and in the scale of the first noise.
package enum DiffusersRelation: Sendable, Hashable {
  /// Latents in k-diffusion's scale: `EulerDiscreteScheduler`.
  case sigma
  /// Multistep solvers: `DPMSolverMultistepScheduler`.
  case solver
  /// Latents in the variance-preserving scale: `DDIMScheduler`.
  case preserving
}

/// What a sampler knows of its run before the first step.
package struct SamplerRun: Sendable {
  package let settings: SamplerSettings
  package let habits: SamplingHabits
  package let plan: SamplingPlan
}

extension Sampler {
  package static var aliases: [String] { [] }
  package static var start: SamplingPlan.Start { .noiseLevel }
  package static var callsPerStep: Int { 1 }
  package static var settings: Set<SamplerSetting> { [] }
  package static var relation: DiffusersRelation { .sigma }
  package static var isOnTimesteps: Bool { false }
  package static var isBrownian: Bool { false }
  package static var usesUnconditional: Bool { false }
  package static var guidanceDivisor: Float { 1 }

  package static func ownPlan(
    steps: Int, sampling: ModelSampling, habits: SamplingHabits
  ) throws(SamplingError) -> SamplingPlan? { nil }

  package static func adapted(_ plan: SamplingPlan, habits: SamplingHabits) -> SamplingPlan { plan }

  package static func discardsPenultimate(_ habits: SamplingHabits) -> Bool { false }
}

/// Moves latents from one noise level to another along the straight line through a denoised estimate.
///
/// The line is the exact path of the probability flow ODE `dx/dsigma = (x - denoised) / sigma` while the estimate holds, so
/// samplers move along one wherever they can; they differ in the estimate, and in the noise they add.
func straightStep(_ x: [Float], towards denoised: [Float], from sigma: Float, to next: Float) -> [Float] {
  straightStep(x, towards: denoised, from: sigma, to: Double(next))
}

/// The same to a level of more digits: of many small steps the factors are near 1 and 0.
func straightStep(_ x: [Float], towards denoised: [Float], from sigma: Float, to next: Double) -> [Float] {
  let remaining = next / Double(sigma)
  return weightedSum(Float(remaining), x, Float(1 - remaining), denoised)
}

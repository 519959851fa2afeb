/// The samplers a user can choose from.
package enum SamplerKind: String, NamedChoice {
  case euler
  case eulerAncestral = "euler_a"
  case ddim
  case dpmpp2M = "dpmpp_2m"
  case lcm

  package static let kind = "sampler"

  private var type: any Sampler.Type {
    switch self {
    case .euler: EulerSampler.self
    case .eulerAncestral: EulerAncestralSampler.self
    case .ddim: DDIMSampler.self
    case .dpmpp2M: DPMpp2MSampler.self
    case .lcm: LCMSampler.self
    }
  }

  package var label: String { type.label }
  package var aliases: [String] { type.aliases }

  /// The schedule the sampler runs on unless told otherwise; nil for DDIM and LCM, which have timesteps of
  /// their own.
  package var defaultSchedule: SigmaSchedule? { type.defaultSchedule }

  /// A sampler at the start of a run.
  package func makeSampler() -> any Sampler { type.init() }

  /// The noise levels and scales of a run.
  ///
  /// - Parameters:
  ///   - schedule: how to spread the steps; nil for the sampler's own way.
  /// - Throws: ``SamplingError/stepCount(_:allowed:schedule:)``.
  package func plan(
    steps: Int, schedule: SigmaSchedule? = nil, sampling: ModelSampling = .stableDiffusion
  ) throws(SamplingError) -> SamplingPlan {
    guard let schedule else { return try type.defaultPlan(steps: steps, sampling: sampling) }
    return try SamplingPlan(schedule: schedule, steps: steps, start: type.start, sampling: sampling)
  }
}

/// The samplers a user can choose from.
package enum SamplerKind: String, NamedChoice {
  case euler
  case eulerAncestral = "euler_a"
  case ddim
  case dpmpp2M = "dpmpp_2m"
  case lcm

  package static let kind = "sampler"

  var type: any Sampler.Type {
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

  /// The schedule the sampler runs on unless told otherwise; nil for those that have timesteps of their own.
  package var defaultSchedule: SigmaSchedule? { type.defaultSchedule }

  /// Calls of the model for each step that is asked for, as prompts that change on the way count them: 1 or 2. The last step
  /// of some has one less, and the first of PLMS one more.
  package var callsPerStep: Int { type.callsPerStep }
}

/// The samplers a user can choose from, the most usual first.
package enum SamplerKind: String, NamedChoice {
  case euler
  case eulerAncestral = "euler_a"
  case dpmpp2M = "dpmpp_2m"
  case dpmpp2MSDE = "dpmpp_2m_sde"
  case dpmppSDE = "dpmpp_sde"
  case unipc
  case heun
  case dpm2
  case dpm2Ancestral = "dpm2_a"
  case lms
  case ddim
  case plms
  case ddpm
  case dpmpp2SAncestral = "dpmpp_2s_a"
  case dpmpp2MSDEHeun = "dpmpp_2m_sde_heun"
  case dpmpp3MSDE = "dpmpp_3m_sde"
  case unipcBH2 = "unipc_bh2"
  case deis
  case ipndm
  case resMultistep = "res_multistep"
  case restart
  case lcm
  case tcd
  case eulerCFGPlusPlus = "euler_cfg_pp"
  case eulerAncestralCFGPlusPlus = "euler_a_cfg_pp"
  case ddimCFGPlusPlus = "ddim_cfg_pp"
  case dpmFast = "dpm_fast"
  case dpmAdaptive = "dpm_adaptive"

  package static let kind = "sampler"

  var type: any Sampler.Type {
    switch self {
    case .euler: EulerSampler.self
    case .eulerAncestral: EulerAncestralSampler.self
    case .heun: HeunSampler.self
    case .dpm2: DPM2Sampler.self
    case .dpm2Ancestral: DPM2AncestralSampler.self
    case .lms: LMSSampler.self
    case .ddim: DDIMSampler.self
    case .plms: PLMSSampler.self
    case .ddpm: DDPMSampler.self
    case .dpmpp2SAncestral: DPMpp2SAncestralSampler.self
    case .dpmpp2M: DPMpp2MSampler.self
    case .dpmppSDE: DPMppSDESampler.self
    case .dpmpp2MSDE: DPMpp2MSDESampler.self
    case .dpmpp2MSDEHeun: DPMpp2MSDEHeunSampler.self
    case .dpmpp3MSDE: DPMpp3MSDESampler.self
    case .unipc: UniPCSampler.self
    case .unipcBH2: UniPCBH2Sampler.self
    case .deis: DEISSampler.self
    case .ipndm: IPNDMSampler.self
    case .resMultistep: ResMultistepSampler.self
    case .restart: RestartSampler.self
    case .lcm: LCMSampler.self
    case .tcd: TCDSampler.self
    case .eulerCFGPlusPlus: EulerCFGPlusPlusSampler.self
    case .eulerAncestralCFGPlusPlus: EulerAncestralCFGPlusPlusSampler.self
    case .ddimCFGPlusPlus: DDIMCFGPlusPlusSampler.self
    case .dpmFast: DPMFastSampler.self
    case .dpmAdaptive: DPMAdaptiveSampler.self
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

/// How the steps of a sampling run are spread over the noise levels.
package enum SigmaSchedule: String, NamedChoice {
  /// Even in training timesteps: k-diffusion's `get_sigmas`, A1111's "Uniform", ComfyUI's "normal", diffusers' "linspace".
  case normal
  /// Karras et al., "Elucidating the design space of diffusion-based generative models" (2022), eq. 5 with rho 7.
  case karras
  /// Even in log sigma: k-diffusion's `get_sigmas_exponential`.
  case exponential
  /// The same with rho 1, by another formula: k-diffusion's `get_sigmas_polyexponential`.
  case polyexponential
  /// Every so many entries of the training schedule, from the top: ComfyUI.
  case simple
  /// Even in training timesteps, stopping one step before the last: Stability AI's generative-models.
  case sgmUniform = "sgm_uniform"
  /// Every so many training timesteps, from the bottom: the original DDIM code's timesteps, as sigmas.
  case ddimUniform = "ddim_uniform"
  /// By quantiles of a beta distribution with both parameters 0.6, dense at both ends: Lee et al., "Beta sampling is all you
  /// need" (2024).
  case beta
  /// The levels of ``AlignedLevels``, and between them.
  case alignYourSteps = "align_your_steps"
  /// Even in the arctangent of sigma: Zheng et al. in Sabour et al., "Align your steps" (2024), appendix, for data of normal
  /// distribution.
  case klOptimal = "kl_optimal"
  /// Even in training timesteps from the last one down, none at the bottom: diffusers' "trailing" spacing, which models
  /// distilled for few steps are made for, and models with no signal at the last level.
  case trailing
  /// Even in training timesteps up from 1, whatever is left above: diffusers' "leading" spacing with `steps_offset` 1, which
  /// the settings of Stable Diffusion 1 and XL ask for.
  case leading

  package static let kind = "schedule"

  /// The numbers of steps any schedule takes.
  package static let allowedSteps = 1...10_000

  package var label: String {
    switch self {
    case .normal: "Normal"
    case .karras: "Karras"
    case .exponential: "Exponential"
    case .polyexponential: "Polyexponential"
    case .simple: "Simple"
    case .sgmUniform: "SGM Uniform"
    case .ddimUniform: "DDIM"
    case .beta: "Beta"
    case .alignYourSteps: "Align Your Steps"
    case .klOptimal: "KL Optimal"
    case .trailing: "Trailing"
    case .leading: "Leading"
    }
  }

  package var aliases: [String] {
    switch self {
    case .normal: ["discrete", "uniform", "linspace"]
    case .alignYourSteps: ["ays"]
    // As older versions of A1111 and InvokeAI end their samplers' names.
    case .karras: ["ka", "k"]
    case .exponential: ["exp"]
    case .polyexponential, .simple, .sgmUniform, .ddimUniform, .beta, .klOptimal, .trailing, .leading: []
    }
  }

  /// The noise levels of a run, falling, with a final 0: [steps + 1].
  ///
  /// ``ddimUniform`` gives more steps than asked for where `steps` does not divide the training timesteps (31 for 30), and
  /// fewer above their number; ``simple``, ``trailing`` and ``leading`` repeat levels above it, ``beta`` leaves out those it
  /// would repeat. All are as A1111, ComfyUI and diffusers have them.
  ///
  /// - Throws: ``SamplingError/stepCount(_:allowed:schedule:)`` outside ``allowedSteps``.
  package func sigmas(steps: Int, sampling: ModelSampling = .stableDiffusion) throws(SamplingError) -> [Float] {
    guard Self.allowedSteps ~= steps else {
      throw .stepCount(steps, allowed: Self.allowedSteps, schedule: rawValue)
    }
    return levels(steps: steps, sampling: sampling, form: ScheduleForm())
  }
}

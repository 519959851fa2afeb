import Foundation

/// How the steps of a sampling run are spread over the noise levels.
package enum SigmaSchedule: String, NamedChoice {
  /// Even in training timesteps: k-diffusion's `get_sigmas`, A1111's "Uniform", ComfyUI's "normal".
  case normal
  /// Karras et al., "Elucidating the design space of diffusion-based generative models" (2022), eq. 5 with rho 7.
  case karras
  /// Even in log sigma: k-diffusion's `get_sigmas_exponential`.
  case exponential
  /// Every so many entries of the training schedule, from the top: ComfyUI.
  case simple
  /// Even in training timesteps, stopping one step before the last: Stability AI's generative-models.
  case sgmUniform = "sgm_uniform"
  /// Every so many training timesteps, from the bottom: the original DDIM code's timesteps, as sigmas.
  case ddimUniform = "ddim_uniform"
  /// Even in training timesteps from the last one down, none at the bottom: diffusers' "trailing" spacing, which models
  /// distilled for few steps are made for, and models with no signal at the last level.
  case trailing

  package static let kind = "schedule"

  /// The numbers of steps any schedule takes.
  package static let allowedSteps = 1...10_000

  package var label: String {
    switch self {
    case .normal: "Normal"
    case .karras: "Karras"
    case .exponential: "Exponential"
    case .simple: "Simple"
    case .sgmUniform: "SGM Uniform"
    case .ddimUniform: "DDIM"
    case .trailing: "Trailing"
    }
  }

  package var aliases: [String] {
    switch self {
    case .normal: ["discrete", "uniform"]
    case .karras, .exponential, .simple, .sgmUniform, .ddimUniform, .trailing: []
    }
  }

  /// The noise levels of a run, falling, with a final 0: [steps + 1].
  ///
  /// ``ddimUniform`` gives more steps than asked for where `steps` does not divide the training timesteps (31 for 30), and
  /// fewer above their number; ``simple`` and ``trailing`` repeat levels above it. Both are as A1111 and ComfyUI have them.
  ///
  /// - Throws: ``SamplingError/stepCount(_:allowed:schedule:)`` outside ``allowedSteps``.
  package func sigmas(steps: Int, sampling: ModelSampling = .stableDiffusion) throws(SamplingError) -> [Float] {
    guard Self.allowedSteps ~= steps else {
      throw .stepCount(steps, allowed: Self.allowedSteps, schedule: rawValue)
    }
    return levels(steps: steps, sampling: sampling) + [0]
  }

  private func levels(steps: Int, sampling: ModelSampling) -> [Float] {
    let count = sampling.trainTimesteps
    let lastTimestep = Double(count - 1)
    let (lowest, highest) = (Double(sampling.sigmaMin), Double(sampling.sigmaMax))
    switch self {
    case .normal:
      return linspace(lastTimestep, 0, count: steps).map(sampling.sigma(at:))
    case .sgmUniform:
      return linspace(lastTimestep, 0, count: steps + 1).dropLast().map(sampling.sigma(at:))
    case .karras:
      let rho = 7.0
      return linspace(pow(highest, 1 / rho), pow(lowest, 1 / rho), count: steps).map { Float(pow($0, rho)) }
    case .exponential:
      return linspace(log(highest), log(lowest), count: steps).map { Float(exp($0)) }
    case .simple:
      let stride = Double(count) / Double(steps)
      return (0..<steps).map { sampling.sigma(at: Double(count - 1 - Int(Double($0) * stride))) }
    case .ddimUniform:
      let stride = max(count / steps, 1)
      return Swift.stride(from: 1, to: count, by: stride).reversed().map { sampling.sigma(at: Double($0)) }
    case .trailing:
      let stride = Double(count) / Double(steps)
      return (0..<steps).map { index in
        sampling.sigma(at: (Double(count) - Double(index) * stride).rounded(.toNearestOrEven) - 1)
      }
    }
  }
}

import Foundation

/// The noise levels a model was trained with: one sigma for each training timestep.
///
/// In k-diffusion's words: latents at timestep t are `x0 + sigma[t] * noise`, with `sigma = sqrt((1 - a) / a)` and `a` the
/// running product of `1 - beta`. As in the original code and k-diffusion, the product is taken in double precision and rounded
/// to float32, and sigma follows from the rounded value: at the low end, where `1 - a` is small, that shows in the fifth digit.
/// diffusers multiplies in float32, which moves its values by a few millionths.
package struct NoiseSchedule: Sendable, Hashable {
  /// How beta grows over the training timesteps; raw values are those of diffusers' `beta_schedule`.
  package enum BetaSchedule: String, Sendable, CaseIterable {
    /// The square root of beta grows evenly: Stable Diffusion 1, 2 and XL (called "linear" by the original code).
    case scaledLinear = "scaled_linear"
    /// Beta grows evenly: the DDPM paper.
    case linear
  }

  /// The noise level of every training timestep, rising: [count].
  package let sigmas: [Float]
  /// The share of signal in the variance, diffusers' `alphas_cumprod`, falling: [count].
  package let alphasCumulative: [Float]
  /// Logarithms of the float32 sigmas, so that looking up a sigma of the table gives exactly its timestep.
  private let logSigmas: [Double]

  /// The schedule of Stable Diffusion 1, 2 and XL: scaled linear, beta 0.00085 to 0.012, 1000 timesteps.
  package static let stableDiffusion = NoiseSchedule(betas: betas(.scaledLinear, from: 0.00085, to: 0.012, count: 1000))

  /// A schedule from a model's scheduler settings.
  ///
  /// - Parameters:
  ///   - count: training timesteps, 2 to 10,000.
  ///   - zeroTerminalSNR: whether the last level holds no signal; see ``rescaledToZeroTerminalSNR``.
  /// - Throws: ``SamplingError/invalidNoiseSchedule(reason:)`` where the settings leave the sigmas not positive, finite and
  ///   rising.
  package init(
    betaSchedule: BetaSchedule = .scaledLinear, betaStart: Double = 0.00085, betaEnd: Double = 0.012, count: Int = 1000,
    zeroTerminalSNR: Bool = false
  ) throws(SamplingError) {
    guard 2...10_000 ~= count else {
      throw .invalidNoiseSchedule(reason: "it has \(count) training timesteps, not between 2 and 10000")
    }
    guard betaStart > 0, betaStart <= betaEnd, betaEnd < 1 else {
      throw .invalidNoiseSchedule(reason: "its betas go from \(betaStart) to \(betaEnd), not rising between 0 and 1")
    }
    let schedule = NoiseSchedule(betas: Self.betas(betaSchedule, from: betaStart, to: betaEnd, count: count))
    let rising = zip(schedule.sigmas, schedule.sigmas.dropFirst()).allSatisfy { $0 < $1 }
    guard rising, schedule.sigmaMin > 0, schedule.sigmaMax.isFinite else {
      throw .invalidNoiseSchedule(
        reason: "\(count) betas from \(betaStart) to \(betaEnd) exceed the range of single precision")
    }
    self = zeroTerminalSNR ? schedule.rescaledToZeroTerminalSNR : schedule
  }

  private init(betas: [Double]) {
    var product = 1.0
    self.init(
      alphasCumulative: betas.map { beta in
        product *= 1 - beta
        return Float(product)
      })
  }

  private init(alphasCumulative: [Float]) {
    self.alphasCumulative = alphasCumulative
    sigmas = alphasCumulative.map { ((1 - $0) / $0).squareRoot() }
    logSigmas = sigmas.map { log(Double($0)) }
  }

  /// The share of signal that ComfyUI and A1111 leave in a last level without signal, so that its sigma is a number: 4518.
  /// diffusers' Euler leaves 2^-24 (a sigma of 4096), its DDIM none.
  private static let leastAlpha: Float = 4.8973451890853435e-08

  /// The schedule stretched so that the last level is noise alone, as some models see it in training: Lin et al., "Common
  /// diffusion noise schedules and sample steps are flawed" (2023), algorithm 1.
  private var rescaledToZeroTerminalSNR: NoiseSchedule {
    let roots = alphasCumulative.map { Double($0).squareRoot() }
    guard let first = roots.first, let last = roots.last else { return self }
    let factor = first / (first - last)
    let rescaled = roots.dropLast().map { root in
      let signal = (root - last) * factor
      return Float(signal * signal)
    }
    return NoiseSchedule(alphasCumulative: rescaled + [min(Self.leastAlpha, rescaled.last ?? 1)])
  }

  private static func betas(_ schedule: BetaSchedule, from start: Double, to end: Double, count: Int) -> [Double] {
    switch schedule {
    case .scaledLinear: linspace(start.squareRoot(), end.squareRoot(), count: count).map { $0 * $0 }
    case .linear: linspace(start, end, count: count)
    }
  }

  /// Training timesteps.
  package var count: Int { sigmas.count }

  /// The lowest noise level, of timestep 0.
  package var sigmaMin: Float { sigmas.first ?? 0 }

  /// The highest noise level, of the last timestep.
  package var sigmaMax: Float { sigmas.last ?? 0 }

  /// The noise level of a timestep between the trained ones: log-linear, as k-diffusion's `t_to_sigma`.
  ///
  /// Timesteps outside the schedule count as its ends.
  package func sigma(at timestep: Double) -> Float {
    guard timestep > 0 else { return sigmaMin }
    guard timestep < Double(count - 1) else { return sigmaMax }
    let low = Int(timestep)
    let fraction = timestep - Double(low)
    guard fraction > 0 else { return sigmas[low] }
    return Float(exp((1 - fraction) * logSigmas[low] + fraction * logSigmas[low + 1]))
  }

  /// The timestep that tells the model about a noise level: the inverse of ``sigma(at:)``, as k-diffusion's `sigma_to_t`
  /// without quantisation.
  ///
  /// A sigma of the table gives its integer timestep exactly. Sigmas outside the schedule count as its ends.
  package func timestep(at sigma: Float) -> Float {
    guard sigma > sigmaMin else { return 0 }
    guard sigma < sigmaMax else { return Float(count - 1) }
    var (low, high) = (0, count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if sigmas[middle] <= sigma { low = middle } else { high = middle }
    }
    let fraction = (log(Double(sigma)) - logSigmas[low]) / (logSigmas[high] - logSigmas[low])
    return Float(Double(low) + fraction)
  }

  /// Of the timesteps that lie `stride` apart, down from the last, the one whose level's logarithm is nearest.
  func nearestTimestep(to sigma: Float, stride: Int) -> Float {
    let wanted = log(Double(sigma))
    let places = Swift.stride(from: count - 1, through: 0, by: -max(stride, 1))
    let nearest = places.min { abs(logSigmas[$0] - wanted) < abs(logSigmas[$1] - wanted) }
    return Float(nearest ?? count - 1)
  }
}

/// `count` evenly spaced values with both ends included; the first end alone when `count` is 1.
func linspace(_ first: Double, _ last: Double, count: Int) -> [Double] {
  guard count > 1 else { return [first] }
  return (0..<count).map { index in
    let fraction = Double(index) / Double(count - 1)
    return first * (1 - fraction) + last * fraction
  }
}

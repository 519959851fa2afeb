import Foundation

/// The exponential integrator of Zhang & Chen, "Fast sampling of diffusion models with exponential integrator" (2022).
///
/// diffusers' `DEISMultistepScheduler` is followed, of order 2 with polynomials in the logarithm of sigma; ComfyUI's `deis` has
/// order 3 and polynomials in the time of a variance-preserving process.
package struct DEISSampler: Sampler {
  package static let label = "DEIS"
  package static let aliases = ["DEISMultistepScheduler"]
  package static let defaultSchedule: SigmaSchedule? = .normal
  package static let relation = DiffusersRelation.solver

  private let isComfy: Bool
  private let stepCount: Int
  /// Whether the last step is of first order: in runs of few steps, before a picture cuts them short.
  private let endsInFirstOrder: Bool
  private var index = 0
  private var history: [(sigma: Double, slope: [Float])] = []

  package init(_ run: SamplerRun) {
    isComfy = run.habits.likeness == .comfyUI
    stepCount = run.plan.stepCount
    endsInFirstOrder = !isComfy && run.plan.wholeSteps < 15
  }

  /// diffusers' run ends at the lowest level.
  package static func adapted(_ plan: SamplingPlan, habits: SamplingHabits) -> SamplingPlan {
    habits.likeness == .diffusers ? plan.ending(at: plan.sampling.sigmaMin) : plan
  }

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let denoised = try await denoise(x, sigma)
    let slope = noiseDirection(x, denoised, sigma)
    history = [(Double(sigma), slope)] + history.prefix(isComfy ? 2 : 1)
    let isLast = endsInFirstOrder && index == stepCount - 1
    index += 1
    guard history.count > 1, next > 0, !isLast else {
      x = straightStep(x, towards: denoised, from: sigma, to: next)
      return denoised
    }
    let nodes = history.map(\.sigma)
    let weights = isComfy ? PreservingTime.weights(nodes, to: Double(next)) : Self.weights(nodes, to: Double(next))
    x = weightedSum(1, x, zip(weights, history.map(\.slope)).map { ($0, $1) })
    return denoised
  }

  /// The integrals over sigma of the two lines that are 1 at one level and 0 at the other, in the logarithm of sigma.
  private static func weights(_ nodes: [Double], to next: Double) -> [Double] {
    let (newest, older) = (nodes[0], nodes[1])
    func integral(_ one: Double, _ zero: Double) -> Double {
      func primitive(_ sigma: Double) -> Double { sigma * (log(sigma) - log(zero) - 1) / (log(one) - log(zero)) }
      return primitive(next) - primitive(newest)
    }
    return [integral(newest, older), integral(older, newest)]
  }
}

/// The time in which ComfyUI's `deis` lays its polynomials: that of a variance-preserving process with levels from 0.002 to 80.
private enum PreservingTime {
  private static let rise: Double = {
    let (low, high) = (log(0.002 * 0.002 + 1), log(80.0 * 80 + 1))
    return 2 * (low / 1e-3 - high) / (1e-3 - 1)
  }()
  private static let least = log(80.0 * 80 + 1) - 0.5 * rise

  private static func time(_ sigma: Double) -> Double {
    ((least * least + 2 * rise * log(sigma * sigma + 1)).squareRoot() - least) / rise
  }

  /// The integrals of the polynomials through up to three nodes, as a sum of 10,000 terms like ComfyUI's, whose share of the
  /// interval is that of as many intervals.
  static func weights(_ nodes: [Double], to next: Double) -> [Double] {
    let times = nodes.map(time), count = 10_000
    let (start, end) = (times[0], time(next))
    let width = (end - start) / Double(count)
    var sums = [Double](repeating: 0, count: nodes.count)
    for place in linspace(start, end, count: count) {
      // The process's variance goes as exp(-t^2 rise / 2 - t least), and sigma with it.
      let slope = -(place * rise + least), alpha = exp(-0.5 * place * place * rise - place * least)
      let integrand = -0.5 * slope / (alpha * (1 - alpha)).squareRoot()
      for index in sums.indices { sums[index] += integrand * AdamsBashforth.lagrange(times, index, at: place) }
    }
    return sums.map { $0 * width }
  }
}

import Foundation

/// The steps of DPM-Solver: Lu et al. (2022), algorithms 1 and 2, in `t = -log(sigma)`; k-diffusion's `DPMSolver`.
struct DPMSolverStep: Sendable {
  let denoise: Denoiser

  /// The noise that the model sees at a time.
  func slope(_ x: [Float], at time: Double) async throws -> (denoised: [Float], noise: [Float]) {
    let sigma = Float(exp(-time))
    let denoised = try await denoise(x, sigma)
    return (denoised, noiseDirection(x, denoised, sigma))
  }

  func first(_ x: [Float], _ start: [Float], from time: Double, to end: Double) -> [Float] {
    weightedSum(1, x, [(-exp(-end) * expm1(end - time), start)])
  }

  /// - Parameters:
  ///   - start: the noise at the start.
  ///   - inner: the noise where a share of the interval has passed, with the share.
  func second(
    _ x: [Float], _ start: [Float], inner: (share: Double, noise: [Float]), from time: Double, to end: Double
  ) -> [Float] {
    let factor = exp(-end) * expm1(end - time), bend = factor / (2 * inner.share)
    return weightedSum(1, x, [(-factor + bend, start), (-bend, inner.noise)])
  }

  /// The noise where a share of the interval has passed, by a step of first order.
  func inner(
    _ x: [Float], _ start: [Float], share: Double, from time: Double, to end: Double
  ) async throws -> [Float] {
    let middle = time + share * (end - time)
    return try await slope(first(x, start, from: time, to: middle), at: middle).noise
  }

  /// - Parameter inner: the noise where a third has passed.
  func third(
    _ x: [Float], _ start: [Float], inner: [Float], from time: Double, to end: Double
  ) async throws -> [Float] {
    let width = end - time, (near, far) = (1.0 / 3, 2.0 / 3)
    let middle = time + far * width
    let growth = expm1(far * width)
    let bend = exp(-middle) * (far / near) * (growth / (far * width) - 1)
    let halfway = weightedSum(1, x, [(-exp(-middle) * growth + bend, start), (-bend, inner)])
    let second = try await slope(halfway, at: middle).noise
    let whole = expm1(width), turn = exp(-end) / far * (whole / width - 1)
    return weightedSum(1, x, [(-exp(-end) * whole + turn, start), (-turn, second)])
  }
}

/// How far an ancestral step of DPM-Solver goes, never past the end, and the noise that takes it back up.
struct AncestralTime {
  let end: Double
  let up: Double

  init(from time: Double, to next: Double, last: Double, eta: Double) {
    guard eta > 0 else {
      (end, up) = (next, 0)
      return
    }
    let (sigma, level) = (exp(-time), exp(-next))
    let fresh = min(level, eta * level * max(1 - level * level / (sigma * sigma), 0).squareRoot())
    let down = max(level * level - fresh * fresh, 0).squareRoot()
    end = down > 0 ? min(last, -log(down)) : last
    up = max(level * level - exp(-2 * end), 0).squareRoot()
  }
}

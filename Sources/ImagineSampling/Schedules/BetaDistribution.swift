import Foundation

/// The beta distribution's quantiles: what `scipy.stats.beta.ppf` gives, within 1e-12.
struct BetaDistribution {
  private let a: Double
  private let b: Double
  private let logBeta: Double

  /// - Parameters:
  ///   - a, b: above 0.
  init(_ a: Double, _ b: Double) {
    self.a = a
    self.b = b
    logBeta = lgamma(a) + lgamma(b) - lgamma(a + b)
  }

  /// The value below which a share of the distribution lies, by halving: the distribution function rises throughout.
  func quantile(_ share: Double) -> Double {
    guard share > 0 else { return 0 }
    guard share < 1 else { return 1 }
    var (low, high) = (0.0, 1.0)
    for _ in 0..<80 {
      let middle = (low + high) / 2
      if cumulative(middle) < share { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// The regularised incomplete beta function.
  func cumulative(_ x: Double) -> Double {
    guard x > 0 else { return 0 }
    guard x < 1 else { return 1 }
    // The continued fraction converges fast below the mean; above it the distribution is read from the other end.
    if x > (a + 1) / (a + b + 2) { return 1 - BetaDistribution(b, a).cumulative(1 - x) }
    let front = exp(a * log(x) + b * log1p(-x) - logBeta) / a
    return front * fraction(x)
  }

  /// The continued fraction of Abramowitz and Stegun 26.5.8, by Lentz's method.
  private func fraction(_ x: Double) -> Double {
    let tiny = 1e-300
    var c = 1.0, d = 1 / max(1 - (a + b) * x / (a + 1), tiny), value = d
    for step in 1...300 {
      let m = Double(step)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      for coefficient in [even, odd] {
        d = 1 + coefficient * d
        c = 1 + coefficient / c
        d = 1 / (abs(d) < tiny ? tiny : d)
        c = abs(c) < tiny ? tiny : c
        value *= c * d
      }
      if abs(c * d - 1) < 1e-15 { break }
    }
    return value
  }
}

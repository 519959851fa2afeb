import Foundation

/// The unified predictor-corrector of Zhao et al., "UniPC" (2023), on estimates of the picture.
///
/// A step first corrects the latents that the one before predicted, by the estimate made at them, then predicts. In
/// k-diffusion's scale the weights are those of the paper without their `alpha`.
struct UniPCSolver: Sendable {
  /// The paper's B(h).
  enum Form: Sendable {
    /// `h`.
    case bh1
    /// `exp(h) - 1`.
    case bh2
  }

  private let form: Form
  private let order: Int
  private let stepCount: Int
  private var index = 0
  /// Latents before the last prediction, and its order.
  private var predicted: (from: [Float], order: Int)?
  /// Estimates with the logarithms of their levels, the last first.
  private var history: [(lambda: Double, denoised: [Float])] = []

  init(_ form: Form, order: Int, stepCount: Int) {
    self.form = form
    self.order = max(order, 1)
    self.stepCount = stepCount
  }

  mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, _ denoise: Denoiser
  ) async throws -> [Float] {
    let denoised = try await denoise(x, sigma)
    let lambda = -log(Double(sigma))
    if let predicted {
      x = corrected(predicted.from, to: (lambda, denoised), order: predicted.order)
    }
    history = [(lambda, denoised)] + history.prefix(order - 1)
    let stepOrder = next > 0 ? min(order, stepCount - index, history.count) : 1
    predicted = (x, stepOrder)
    x = prediction(x, to: next, order: stepOrder)
    index += 1
    return denoised
  }

  private func prediction(_ x: [Float], to next: Float, order: Int) -> [Float] {
    guard let newest = history.first else { return x }
    guard next > 0 else { return newest.denoised }
    let update = Update(history, to: -log(Double(next)), order: order, form)
    let weights = order == 2 ? [0.5] : update.solved(count: order - 1)
    return update.result(x, newest.denoised, weights: weights, differences: update.differences)
  }

  private func corrected(
    _ x: [Float], to current: (lambda: Double, denoised: [Float]), order: Int
  ) -> [Float] {
    guard let newest = history.first else { return x }
    let update = Update(history, to: current.lambda, order: order, form)
    let weights = order == 1 ? [0.5] : update.solved(count: order)
    return update.result(
      x, newest.denoised, weights: weights,
      differences: update.differences + [weightedSum(1, current.denoised, -1, newest.denoised)])
  }

  /// The weights of a step to a level, from the estimates before it.
  private struct Update {
    let width: Double
    let growth: Double
    /// The places of earlier estimates in widths of this step, then 1.
    let places: [Double]
    let moments: [Double]
    let differences: [[Float]]

    init(_ history: [(lambda: Double, denoised: [Float])], to lambda: Double, order: Int, _ form: Form) {
      let start = history[0]
      width = lambda - start.lambda
      let negative = -width, first = expm1(-width)
      growth = form == .bh1 ? negative : first
      var places: [Double] = [], differences: [[Float]] = []
      for earlier in history.dropFirst().prefix(max(order - 1, 0)) {
        let place = (earlier.lambda - start.lambda) / width
        places.append(place)
        differences.append(weightedSum(Float(1 / place), earlier.denoised, Float(-1 / place), start.denoised))
      }
      self.places = places + [1]
      self.differences = differences
      var moments: [Double] = [], phi = first / negative - 1, factorial = 1.0
      for power in 1...max(order, 1) {
        moments.append(phi * factorial / growth)
        factorial *= Double(power + 1)
        phi = phi / negative - 1 / factorial
      }
      self.moments = moments
    }

    /// The solution of the Vandermonde system `sum over k of weight[k] * place[k]^j = moment[j]`.
    func solved(count: Int) -> [Double] {
      guard count > 0 else { return [] }
      var rows = (0..<count).map { power in
        (0..<count).map { pow(places[$0], Double(power)) } + [moments[power]]
      }
      for column in 0..<count {
        guard let pivot = (column..<count).max(by: { abs(rows[$0][column]) < abs(rows[$1][column]) }),
          rows[pivot][column] != 0
        else { return [Double](repeating: 0, count: count) }
        rows.swapAt(column, pivot)
        for row in 0..<count where row != column {
          let factor = rows[row][column] / rows[column][column]
          for index in column...count { rows[row][index] -= factor * rows[column][index] }
        }
      }
      return (0..<count).map { rows[$0][count] / rows[$0][$0] }
    }

    func result(_ x: [Float], _ newest: [Float], weights: [Double], differences: [[Float]]) -> [Float] {
      let moved = weightedSum(Float(exp(-width)), x, Float(-expm1(-width)), newest)
      return weightedSum(1, moved, zip(weights, differences).map { (-growth * $0, $1) })
    }
  }
}

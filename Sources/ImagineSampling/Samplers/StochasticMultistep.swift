import Foundation

/// The step that the DPM++ 2M SDE and 3M SDE samplers share: exponential integrators on the last estimates, with
/// `h = log(sigma / next)` and noise that grows with eta; Lu et al., "DPM-Solver++" (2022), appendix.
struct StochasticMultistep: Sendable {
  enum Form: Sendable {
    case midpoint
    case heun
    case third
  }

  private let form: Form
  private let eta: Double
  private let strength: Double
  /// Estimates of steps before this one, the last first, with the widths of those steps.
  private var history: [(denoised: [Float], width: Double)] = []

  init(_ run: SamplerRun, _ form: Form) {
    self.form = form
    eta = run.settings.eta ?? 1
    strength = run.settings.noise ?? 1
  }

  mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, _ denoise: Denoiser, _ noise: inout some NoiseSource
  ) async throws -> [Float] {
    let denoised = try await denoise(x, sigma)
    guard next > 0 else {
      x = denoised
      return denoised
    }
    let width = logarithmicWidth(from: sigma, to: next)
    let grown = width * (eta + 1)
    x = weightedSum(Float(exp(-grown)), x, Float(-expm1(-grown)), denoised)
    x = weightedSum(1, x, corrections(denoised, width: width, grown: grown))
    if eta > 0 {
      let deviation = Double(next) * (-expm1(-2 * width * eta)).squareRoot() * strength
      x = weightedSum(1, x, Float(deviation), noise.draw(from: sigma, to: next))
    }
    history = [(denoised, width)] + history.prefix(1)
    return denoised
  }

  /// What earlier estimates add.
  private func corrections(
    _ denoised: [Float], width: Double, grown: Double
  ) -> [(factor: Double, values: [Float])] {
    guard let last = history.first else { return [] }
    let ratio = last.width / width
    let slope = weightedSum(1, denoised, -1, last.denoised)
    let second = expm1(-grown) / grown + 1
    switch form {
    case .midpoint: return [(-expm1(-grown) / 2 / ratio, slope)]
    case .heun: return [(second / ratio, slope)]
    case .third:
      guard history.count > 1 else { return [(second / ratio, slope)] }
      let other = history[1], otherRatio = other.width / width
      let near = scaled(slope, by: Float(1 / ratio))
      let far = weightedSum(Float(1 / otherRatio), last.denoised, Float(-1 / otherRatio), other.denoised)
      let bend = weightedSum(1, near, -1, far)
      let third = second / grown - 0.5
      return [(second, near), (second * ratio / (ratio + otherRatio) - third / (ratio + otherRatio), bend)]
    }
  }
}

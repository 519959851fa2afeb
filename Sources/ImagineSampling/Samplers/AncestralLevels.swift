/// The level that an ancestral step goes down to, and the noise that takes it back up: `down^2 + up^2 = next^2`.
///
/// k-diffusion's `get_ancestral_step`; DDIM's eta (Song et al. 2020, eq. 16) is the same in k-diffusion's scale.
struct AncestralLevels {
  let down: Double
  let up: Double

  /// - Parameter eta: how much of the noise is fresh: 1 is as much as the posterior has (DDPM), 0 is none.
  init(from sigma: Float, to next: Float, eta: Double) {
    self.init(from: Double(sigma), to: Double(next), eta: eta)
  }

  /// The same for levels of more digits.
  init(from sigma: Double, to next: Double, eta: Double) {
    let posterior = next * max(1 - next * next / (sigma * sigma), 0).squareRoot()
    up = min(next, eta * posterior)
    down = max(next * next - up * up, 0).squareRoot()
  }
}

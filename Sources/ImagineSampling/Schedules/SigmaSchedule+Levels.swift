import Foundation

extension SigmaSchedule {
  /// The noise levels of a run, falling, with the end: 0 in all forms but A1111's "KL Optimal".
  ///
  /// - Parameter steps: 1 or more.
  func levels(steps: Int, sampling: ModelSampling, form: ScheduleForm) -> [Float] {
    switch (self, form.likeness) {
    case (.klOptimal, .a1111):
      return arctangents(
        (0...steps).map { Double($0) / Double(steps) }, Double(sampling.sigmaMin), Double(sampling.sigmaMax))
    case (.alignYourSteps, .a1111):
      return AlignedLevels.interpolated(sampling.alignedLevels.roundedTable, count: steps) + [0]
    case (.alignYourSteps, _):
      return AlignedLevels.interpolated(sampling.alignedLevels.table, count: steps + 1).dropLast() + [0]
    case (.beta, .a1111):
      let (low, high) = (Double(sampling.sigmaMin), Double(sampling.sigmaMax))
      return quantiles(linspace(1, 0, count: steps)).map { Float(low + $0 * (high - low)) } + [0]
    case (.normal, .diffusers): return linspaceLevels(steps, sampling, form.isSolver) + [0]
    case (.karras, .diffusers), (.exponential, .diffusers), (.polyexponential, .diffusers):
      // Schedulers that keep k-diffusion's latents spread the levels between the first and last of the timesteps' own.
      let own = leadingLevels(steps, sampling, false)
      let range = form.isSolver ? (sampling.sigmaMin, sampling.sigmaMax) : (own.last ?? 0, own.first ?? 0)
      return spread(steps, Double(range.0), Double(range.1)) + [0]
    case (.leading, _): return leadingLevels(steps, sampling, form.isSolver && form.likeness == .diffusers) + [0]
    default: return commonLevels(steps, sampling) + [0]
    }
  }

  /// Levels in the form that programs share, or ComfyUI's.
  private func commonLevels(_ steps: Int, _ sampling: ModelSampling) -> [Float] {
    let count = sampling.trainTimesteps
    let lastTimestep = Double(count - 1)
    switch self {
    case .normal, .leading, .alignYourSteps:
      return evenTimesteps(lastTimestep, count: steps).map(sampling.sigma(at:))
    case .sgmUniform:
      return evenTimesteps(lastTimestep, count: steps + 1).dropLast().map(sampling.sigma(at:))
    case .karras, .exponential, .polyexponential:
      return spread(steps, Double(sampling.sigmaMin), Double(sampling.sigmaMax))
    case .simple:
      let stride = Double(count) / Double(steps)
      return (0..<steps).map { sampling.sigma(at: Double(count - 1 - Int(Double($0) * stride))) }
    case .ddimUniform:
      let stride = max(count / steps, 1)
      return Swift.stride(from: 1, to: count, by: stride).reversed().map { sampling.sigma(at: Double($0)) }
    case .beta:
      let places = (0..<steps).map { 1 - Double($0) / Double(steps) }
      let timesteps = quantiles(places).map { ($0 * lastTimestep).rounded(.toNearestOrEven) }
      return timesteps.enumerated().filter { $0 == 0 || timesteps[$0 - 1] != $1 }.map { sampling.sigma(at: $1) }
    case .klOptimal:
      return arctangents(
        linspace(0, 1, count: steps), Double(sampling.sigmaMin), Double(sampling.sigmaMax))
    case .trailing:
      let stride = Double(count) / Double(steps)
      return (0..<steps).map { index in
        sampling.sigma(at: (Double(count) - Double(index) * stride).rounded(.toNearestOrEven) - 1)
      }
    }
  }

  /// Timesteps from the last down to 0, whole ones to the letter.
  private func evenTimesteps(_ last: Double, count: Int) -> [Double] {
    count > 1 ? (0..<count).map { last * Double(count - 1 - $0) / Double(count - 1) } : [last]
  }

  /// Levels between two by a formula that knows nothing else.
  private func spread(_ steps: Int, _ low: Double, _ high: Double) -> [Float] {
    if self == .karras { return Self.karrasLevels(steps, low: Float(low), high: Float(high)) }
    return linspace(log(high), log(low), count: steps).map { Float(exp($0)) }
  }

  /// Karras et al.'s levels between two, both included.
  static func karrasLevels(_ count: Int, low: Float, high: Float) -> [Float] {
    let rho = 7.0
    return linspace(pow(Double(high), 1 / rho), pow(Double(low), 1 / rho), count: count).map { Float(pow($0, rho)) }
  }

  private func arctangents(_ places: [Double], _ low: Double, _ high: Double) -> [Float] {
    places.map { Float(tan($0 * atan(low) + (1 - $0) * atan(high))) }
  }

  private func quantiles(_ places: [Double]) -> [Double] {
    let distribution = BetaDistribution(0.6, 0.6)
    return places.map(distribution.quantile)
  }

  /// diffusers' "leading" timesteps; its solvers count one step more and leave out the lowest.
  private func leadingLevels(_ steps: Int, _ sampling: ModelSampling, _ isSolver: Bool) -> [Float] {
    let last = sampling.trainTimesteps - 1
    let ratio = sampling.trainTimesteps / (isSolver ? steps + 1 : steps)
    return (0..<steps).reversed().map { index in
      let (timestep, overflow) = ((isSolver ? index + 1 : index)).multipliedReportingOverflow(by: ratio)
      return sampling.sigma(at: Double(overflow ? last : min(timestep + 1, last)))
    }
  }

  /// diffusers' "linspace" timesteps, between which it takes levels straight in sigma.
  private func linspaceLevels(_ steps: Int, _ sampling: ModelSampling, _ isSolver: Bool) -> [Float] {
    let last = Double(sampling.trainTimesteps - 1)
    let timesteps =
      isSolver
      ? linspace(last, 0, count: steps + 1).dropLast().map { $0.rounded(.toNearestOrEven) }
      : linspace(last, 0, count: steps)
    return timesteps.map { timestep in
      let low = timestep.rounded(.down), fraction = Float(timestep - low)
      return sampling.sigma(at: low) * (1 - fraction) + sampling.sigma(at: low + 1) * fraction
    }
  }
}

/// What a sampler can be told beside its name; nil is what it has in k-diffusion or diffusers.
package struct SamplerSettings: Sendable, Hashable {
  /// How much of the noise that a step takes away is put back anew, 0 to 1: for DDIM (0), TCD (0.3) and the ancestral samplers (1).
  package var eta: Double?
  /// Karras et al. (2022), algorithm 2: how much noise all steps together add before they take some away.
  package var churn: Double?
  /// The noise levels between which that is done.
  package var churnMinimum: Double?
  package var churnMaximum: Double?
  /// The deviation of noise that is added on the way: 1 as usual.
  package var noise: Double?
  /// The noise levels of the run, falling, in place of a schedule's; the last may be 0.
  package var sigmas: [Float]?

  package init(
    eta: Double? = nil, churn: Double? = nil, churnMinimum: Double? = nil, churnMaximum: Double? = nil,
    noise: Double? = nil, sigmas: [Float]? = nil
  ) {
    self.eta = eta
    self.churn = churn
    self.churnMinimum = churnMinimum
    self.churnMaximum = churnMaximum
    self.noise = noise
    self.sigmas = sigmas
  }

  /// The settings that are given.
  var given: Set<SamplerSetting> {
    let values: [(SamplerSetting, Bool)] = [
      (.eta, eta != nil), (.churn, churn != nil), (.churnMinimum, churnMinimum != nil),
      (.churnMaximum, churnMaximum != nil), (.noise, noise != nil), (.sigmas, sigmas != nil),
    ]
    return Set(values.filter(\.1).map(\.0))
  }

  /// Checks what can be checked without a model.
  ///
  /// - Throws: ``SamplingError/invalidSetting(name:value:allowed:)``, ``SamplingError/invalidSigmas(reason:)``.
  package func validate() throws(SamplingError) {
    let ranges: [(SamplerSetting, Double?, ClosedRange<Double>)] = [
      (.eta, eta, 0...1), (.churn, churn, 0...1000), (.churnMinimum, churnMinimum, 0...1e6),
      (.churnMaximum, churnMaximum, 0...1e6), (.noise, noise, 0...10),
    ]
    for (setting, value, range) in ranges {
      guard let value, !(range ~= value) else { continue }
      throw .invalidSetting(
        name: setting.rawValue, value: "\(value)", allowed: "\(range.lowerBound) to \(range.upperBound)")
    }
    if let churnMinimum, let churnMaximum, churnMinimum > churnMaximum {
      throw .invalidSetting(
        name: SamplerSetting.churnMinimum.rawValue, value: "\(churnMinimum)",
        allowed: "a level up to its maximum, \(churnMaximum)")
    }
    if let sigmas {
      guard sigmas.count - 1 <= SigmaSchedule.allowedSteps.upperBound else {
        throw .invalidSigmas(reason: "it has \(sigmas.count) values")
      }
      _ = try SamplingPlan(sigmas: sigmas)
    }
  }
}

/// One of the ``SamplerSettings``, by the name that messages give it.
package enum SamplerSetting: String, Sendable, Hashable, CaseIterable {
  case eta
  case churn
  case churnMinimum = "churn minimum"
  case churnMaximum = "churn maximum"
  case noise
  case sigmas

  /// What Karras et al.'s stochastic samplers can be told.
  static let churning: Set<SamplerSetting> = [.churn, .churnMinimum, .churnMaximum, .noise]
}

/// How a picture is sampled: a sampler, its schedule and settings, and whose habits it has.
package struct SamplingMethod: Sendable, Hashable {
  package var sampler: SamplerKind
  /// The chosen schedule; nil for the sampler's own.
  package var schedule: SigmaSchedule?
  package var settings: SamplerSettings
  package var habits: SamplingHabits
  /// Whose random numbers Brownian paths are made of, where the sampler's name says so ("dpmpp_sde_gpu").
  package var brownianStream: RandomStream?

  package init(
    _ sampler: SamplerKind, schedule: SigmaSchedule? = nil, settings: SamplerSettings = SamplerSettings(),
    habits: SamplingHabits = SamplingHabits()
  ) {
    self.sampler = sampler
    self.schedule = schedule
    self.settings = settings
    self.habits = habits
  }

  /// A sampler at the start of a run.
  func makeSampler(_ plan: SamplingPlan) -> any Sampler {
    sampler.type.init(SamplerRun(settings: settings, habits: habits, plan: plan))
  }

  /// The settings that are given and that this sampler has no use for, by name.
  package func unusedSettings() -> [String] {
    let used = sampler.type.settings.union([.sigmas])
    var unused = SamplerSetting.allCases.filter { settings.given.contains($0) && !used.contains($0) }
    // Without churn nothing is done between its levels.
    if settings.churn ?? 0 == 0, used.contains(.churn) {
      unused += [.churnMinimum, .churnMaximum].filter { settings.given.contains($0) }
      if used == SamplerSetting.churning.union([.sigmas]), settings.noise != nil { unused.append(.noise) }
    }
    return unused.map(\.rawValue)
  }

  /// Guidance as the sampler needs it.
  ///
  /// Samplers of CFG++ step by the unconditional estimate, which the model is then asked for at every scale. For A1111's
  /// "DDIM CFG++" the scale that people choose is divided by 12.5.
  package func adapted(_ guidance: Guidance) -> Guidance {
    guard sampler.type.usesUnconditional else { return guidance }
    var guidance = guidance
    guidance.keepsUnconditional = true
    guidance.scale /= sampler.type.guidanceDivisor
    return guidance
  }

  /// Whether the run is that of one of A1111's samplers on timesteps, which have plans and masks of their own.
  var isOnTimesteps: Bool {
    habits.likeness == .a1111 && sampler.type.isOnTimesteps && schedule == nil && settings.sigmas == nil
  }
}

extension SamplingMethod {
  /// The noise levels and scales of a run.
  ///
  /// - Parameters:
  ///   - steps: asked for. With ``SamplerSettings/sigmas`` they are the list's.
  ///   - strength: how much of a given picture is changed, 0 to 1; nil draws from noise alone.
  ///   - hasExactSteps: whether A1111's rule gives exactly as many steps as asked for, as in its second pass at a larger size.
  /// - Throws: ``SamplingError/stepCount(_:allowed:schedule:)``, ``SamplingError/strength(_:steps:reason:)``, and what
  ///   ``SamplerSettings/validate()`` does.
  package func plan(
    steps: Int, sampling: ModelSampling = .stableDiffusion, strength: Double? = nil, hasExactSteps: Bool = false
  ) throws(SamplingError) -> SamplingPlan {
    try settings.validate()
    let asked = settings.sigmas.map { $0.count - 1 } ?? steps
    guard SigmaSchedule.allowedSteps ~= asked else {
      throw .stepCount(asked, allowed: SigmaSchedule.allowedSteps, schedule: scheduleName)
    }
    guard let strength else { return sampler.type.adapted(try wholePlan(asked, sampling), habits: habits) }
    guard 0...1 ~= strength else {
      throw .strength(strength, steps: steps, reason: "is not possible: choose a strength from 0 to 1")
    }
    let cut = try cut(asked, strength, isExact: hasExactSteps)
    return try shortened(wholePlan(cut.total, sampling), cut)
  }

  /// How a picture cuts the steps short.
  private struct Cut {
    /// Steps of the whole schedule.
    var total: Int
    /// Steps that are made, counted from the end; of A1111's samplers on timesteps one less.
    var updates: Int
  }

  private var scheduleName: String {
    (schedule ?? sampler.defaultSchedule)?.rawValue ?? "\(sampler.rawValue) sampler's own"
  }

  /// - Parameter isExact: whether A1111's rule is that of its second pass.
  private func cut(_ steps: Int, _ strength: Double, isExact: Bool) throws(SamplingError) -> Cut {
    let total: Double
    switch habits.strengthRule {
    case .fraction:
      let updates = min(Int(Double(steps) * strength), steps)
      if updates == 0, habits.likeness == .diffusers {
        throw .strength(
          strength, steps: steps, reason: "leaves no step: choose at least \(1 / Double(steps)), or more steps")
      }
      return Cut(total: steps, updates: updates)
    case .fractionAndOne:
      // This program leaves a picture as it is at strength 0, where A1111 makes the last step.
      if strength == 0, habits.likeness == nil { return Cut(total: steps, updates: 0) }
      if !isExact || strength == 0 { return Cut(total: steps, updates: Int(min(strength, 0.999) * Double(steps)) + 1) }
      total = Double(steps) / min(strength, 0.999)
    case .all:
      if strength == 0 { return Cut(total: steps, updates: 0) }
      total = strength > 0.9999 ? Double(steps) : Double(steps) / strength
    }
    guard total <= Self.mostLevels, settings.sigmas == nil || total == Double(steps) else {
      let levels = "would be the last of \(Int(min(total, 1e18))) steps"
      throw .strength(
        strength, steps: steps,
        reason: settings.sigmas == nil
          ? "\(levels): choose a higher strength" : "\(levels), where the noise levels are given: leave them out")
    }
    return Cut(total: Int(total), updates: steps)
  }

  /// The most levels that a schedule is computed for.
  private static let mostLevels = 1_000_000.0

  private func shortened(_ whole: SamplingPlan, _ cut: Cut) throws(SamplingError) -> SamplingPlan {
    // As the programs do, A1111 and diffusers count from the front of a schedule that may have more or fewer levels.
    let fromFront = cut.total - cut.updates
    var plan: SamplingPlan
    if isOnTimesteps {
      // A1111's samplers on timesteps begin one level below that of the picture's noise.
      let timesteps = TimestepPlans(steps: cut.total, sampling: whole.sampling, sampler: sampler.rawValue)
      let levels = try timesteps.leading(habits)?.sigmas ?? []
      plan = whole.dropping(fromFront + 1)
      if sampler == .unipc {
        plan = timesteps.continuous(from: levels.dropFirst(fromFront + 1).first, steps: cut.updates - 1)
      }
      plan.pictureSigma = levels.indices.contains(fromFront) ? levels[fromFront] : nil
    } else if sampler == .plms, habits.likeness == .diffusers {
      plan = PLMSSampler.picturePlan(whole, from: fromFront)
    } else {
      plan = whole.dropping(habits.strengthRule == .all ? whole.stepCount - cut.updates : fromFront)
    }
    if habits.firstNoise == .fullAtTop, let sigma = plan.steps.first?.sigma {
      plan = plan.keeping(plan.steps, start: fullAtTop(sigma, plan.sampling))
    }
    plan = sampler.type.adapted(plan, habits: habits)
    return habits.spansWholeSchedule ? plan.spanning(whole) : plan
  }

  /// The plan without a picture, before the sampler makes its own of it.
  private func wholePlan(_ steps: Int, _ sampling: ModelSampling) throws(SamplingError) -> SamplingPlan {
    let type = sampler.type
    let isSolver = type.relation == .solver
    var sampling = sampling
    sampling.roundsTimesteps = habits.roundsTimesteps || (habits.likeness == .diffusers && isSolver)
    if schedule == nil, settings.sigmas == nil,
      let plan = try type.ownPlan(steps: steps, sampling: sampling, habits: habits)
    {
      return plan
    }
    let schedule = schedule ?? usualSchedule
    let sigmas = settings.sigmas ?? levels(schedule, steps, sampling, isSolver)
    var plan = try SamplingPlan(
      sigmas: sigmas, start: start(at: sigmas.first ?? 0, schedule, sampling), sampling: sampling)
    plan.keepsStartOverPictures = habits.firstNoise == .fullAtTop
    return plan
  }

  /// The schedule of a run that none is chosen for.
  private var usualSchedule: SigmaSchedule {
    switch habits.likeness {
    case .comfyUI, .stableDiffusionCpp: .normal
    case .diffusers: .leading
    case nil, .a1111: sampler.defaultSchedule ?? .normal
    }
  }

  private func levels(
    _ schedule: SigmaSchedule, _ steps: Int, _ sampling: ModelSampling, _ isSolver: Bool
  ) -> [Float] {
    let form = ScheduleForm(likeness: habits.likeness, isSolver: isSolver)
    guard sampler.type.discardsPenultimate(habits) else {
      return schedule.levels(steps: steps, sampling: sampling, form: form)
    }
    var levels = schedule.levels(steps: steps + 1, sampling: sampling, form: form)
    if levels.count > 2 { levels.remove(at: levels.count - 2) }
    return levels
  }

  private func start(at sigma: Float, _ schedule: SigmaSchedule, _ sampling: ModelSampling) -> SamplingPlan.Start {
    switch habits.firstNoise {
    case .bySampler: return sampler.type.start
    case .fullAtTop: return fullAtTop(sigma, sampling)
    case .fullUnlessTrailing:
      if sampler.type.relation != .sigma { return .unitVariance }
      return schedule == .trailing || schedule == .normal ? .noiseLevel : .fullVariance
    }
  }

  private func fullAtTop(_ sigma: Float, _ sampling: ModelSampling) -> SamplingPlan.Start {
    sigma >= sampling.sigmaMax * (1 - 1e-5) ? .fullVariance : .noiseLevel
  }
}

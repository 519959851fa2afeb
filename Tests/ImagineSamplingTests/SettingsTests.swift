import Testing

@testable import ImagineSampling

@Suite("Settings")
struct SettingsTests {
  @Test(
    "Values outside their range are refused by name",
    arguments: [
      (SamplerSettings(eta: -0.1), "eta"), (SamplerSettings(eta: 1.01), "eta"), (SamplerSettings(eta: .nan), "eta"),
      (SamplerSettings(churn: -1), "churn"), (SamplerSettings(churn: .infinity), "churn"),
      (SamplerSettings(churnMinimum: 2, churnMaximum: 1), "churn minimum"), (SamplerSettings(noise: -1), "noise"),
    ])
  func ranges(settings: SamplerSettings, name: String) throws {
    let error = #expect(throws: SamplingError.self) { try SamplingMethod(.euler, settings: settings).plan(steps: 5) }
    #expect(try #require(error).description.contains(name))
  }

  @Test("Lists of levels that do not fall are refused")
  func sigmas() {
    for sigmas: [Float] in [[], [1], [1, 2], [-1, 0], [.nan, 0], [.infinity, 0]] {
      #expect(throws: SamplingError.self) {
        try SamplingMethod(.euler, settings: SamplerSettings(sigmas: sigmas)).plan(steps: 5)
      }
    }
    let many = (0...10_001).reversed().map { Float($0) }
    #expect(throws: SamplingError.self) {
      try SamplingMethod(.euler, settings: SamplerSettings(sigmas: many)).plan(steps: 5)
    }
  }

  @Test("Given levels outweigh the schedule and the number of steps", arguments: SamplerKind.allCases)
  func given(kind: SamplerKind) throws {
    let sigmas: [Float] = [10, 4, 1, 0.5, 0]
    for likeness in [nil] + Likeness.allCases.map(Optional.some) {
      let method = SamplingMethod(
        kind, schedule: .karras, settings: SamplerSettings(sigmas: sigmas), habits: SamplingHabits(likeness))
      let plan = try method.plan(steps: 77)
      switch kind {
      case .dpmAdaptive: #expect(plan.sigmas == [10, 0.5])
      case .dpmFast: #expect(plan.sigmas.first == 10 && plan.sigmas.last == 0.5)
      default: #expect(Array(plan.sigmas.dropLast()) == Array(sigmas.dropLast()))
      }
    }
  }

  @Test("Settings that a sampler has no use for are named")
  func unused() {
    let all = SamplerSettings(eta: 0.5, churn: 5, churnMinimum: 0, churnMaximum: 1, noise: 1.1, sigmas: [1, 0])
    func names(_ kind: SamplerKind, _ settings: SamplerSettings) -> [String] {
      SamplingMethod(kind, settings: settings).unusedSettings()
    }
    #expect(names(.euler, all) == ["eta"])
    #expect(names(.eulerAncestral, all) == ["churn", "churn minimum", "churn maximum"])
    #expect(names(.ddim, all) == ["churn", "churn minimum", "churn maximum", "noise"])
    #expect(names(.dpmpp2M, all) == ["eta", "churn", "churn minimum", "churn maximum", "noise"])
    #expect(names(.euler, SamplerSettings(churnMaximum: 1, noise: 1.1)) == ["churn maximum", "noise"])
    #expect(names(.euler, SamplerSettings(sigmas: [1, 0])).isEmpty)
  }

  @Test("A setting that is used changes the picture, and one that is not does not", arguments: SamplerKind.allCases)
  func effect(kind: SamplerKind) async throws {
    func final(_ settings: SamplerSettings) async throws -> [Float] {
      let method = SamplingMethod(kind, settings: settings)
      let plan = try method.plan(steps: 6)
      var noise = FixedNoise()
      return try await SamplingLoop(method, plan: plan).run(
        from: plan.initialLatents(noise: goldenStart), noise: &noise, denoise: Denoiser(tanhDenoiser))
    }
    let churn = SamplerSettings(churn: 3)
    for (settings, base) in [
      (SamplerSettings(eta: 0.45), SamplerSettings()), (churn, SamplerSettings()),
      (SamplerSettings(churn: 3, noise: 1.3), churn),
    ] {
      let added = settings.given.subtracting(base.given)
      let isUsed = added.isSubset(of: kind.type.settings)
      // Restart has noise in 20 steps or more, the two of DPM-Solver with an eta.
      if added == [.noise], [.restart, .dpmFast, .dpmAdaptive].contains(kind) { continue }
      let isChanged = try await final(settings) != final(base)
      #expect(isChanged == isUsed, "\(added)")
    }
  }

  @Test(
    "Every sampler calls the model as often as it says", arguments: SamplerKind.allCases,
    [nil] + SigmaSchedule.allCases.map(Optional.some))
  func calls(kind: SamplerKind, schedule: SigmaSchedule?) async throws {
    for steps in 1...6 {
      let method = SamplingMethod(kind, schedule: schedule)
      let plan = try method.plan(steps: steps)
      let calls = Recorder<Float>()
      var noise = FixedNoise()
      let final = try await SamplingLoop(method, plan: plan).run(
        from: plan.initialLatents(noise: goldenStart), noise: &noise,
        denoise: Denoiser { x, sigma in
          await calls.record(sigma)
          return tanhDenoiser(x, sigma)
        })
      #expect(final.allSatisfy { $0.isFinite })
      let count = await calls.values.count
      let ending = plan.sigmas.last == 0 ? 1 : 0
      switch kind {
      case .dpmAdaptive: #expect(count.isMultiple(of: 3) && count > 3)
      case .dpmFast: #expect(count == plan.scheduledSteps)
      case .plms: #expect(count == plan.stepCount + (plan.stepCount > 1 ? 1 : 0))
      case _ where kind.callsPerStep == 2: #expect(count == 2 * plan.stepCount - ending)
      default: #expect(count == plan.stepCount)
      }
    }
  }
}

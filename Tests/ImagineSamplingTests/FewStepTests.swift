import Testing

@testable import ImagineSampling

/// Samplers for few steps and models whose last level is noise alone, against diffusers.
@Suite("Few steps")
struct FewStepTests {
  @Test("Runs equal diffusers' schedulers on trailing timesteps, LCM's own, and without signal at the last level")
  func runs() async throws {
    let goldens = try Goldens.load("few-step", as: FewStepGoldens.self).runs
    #expect(Set(goldens.map(\.scheduler)).count == 9)
    for golden in goldens {
      let words = golden.scheduler.split(separator: " ").map(String.init)
      let kind = try #require(SamplerKind(rawValue: words[0]))
      let training = try NoiseSchedule(zeroTerminalSNR: words.contains("zero_snr"))
      let sampling = ModelSampling(training, prediction: words.contains("v_prediction") ? .vPrediction : .epsilon)
      let plan = try kind.plan(
        steps: golden.steps, schedule: words.contains("trailing") ? .trailing : nil, sampling: sampling)
      #expect(plan.sigmas.dropLast().map(sampling.timestep(at:)) == golden.timesteps)
      // diffusers' DDIM begins with unit variance also where ours, on a chosen schedule, begins as k-diffusion does.
      let start = golden.initNoiseSigma == 1 ? SamplingPlan.Start.unitVariance : .noiseLevel
      if kind != .ddim { #expect(plan.start == start) }
      let same = try SamplingPlan(sigmas: plan.sigmas, start: start, sampling: sampling)
      var noise = FixedNoise()
      let final = try await SamplingLoop(SamplingMethod(kind), plan: same).run(
        from: same.initialLatents(noise: goldenStart), noise: &noise, denoise: Denoiser(denoiser(sampling)))
      let what = "\(golden.scheduler), \(golden.steps) steps"
      expectClose(final, golden.final, relative: 2e-5, absolute: 2e-5, what)
    }
  }

  @Test("The schedule without signal at its last level is ComfyUI's")
  func zeroTerminalSNR() throws {
    let golden = try Goldens.load("few-step", as: FewStepGoldens.self).zeroSNR
    let training = try NoiseSchedule(zeroTerminalSNR: true)
    // diffusers takes the difference of two roots in 32-bit floats, which leaves four digits next to the last level.
    expectClose(golden.index.map { training.alphasCumulative[$0] }, golden.alphasCumulative, relative: 1e-4)
    expectClose(
      [training.sigmaMax, training.sigmaMin], [4518.76, NoiseSchedule.stableDiffusion.sigmaMin], relative: 2e-6)
    #expect(zip(training.sigmas, training.sigmas.dropFirst()).allSatisfy { $0 < $1 })
    #expect(training.sigmas.map(training.timestep(at:)) == (0..<1000).map { Float($0) })
  }

  @Test(
    "Every sampler stays finite from a level of noise alone", arguments: SamplerKind.allCases, SigmaSchedule.allCases)
  func everyCombination(kind: SamplerKind, schedule: SigmaSchedule) async throws {
    let sampling = ModelSampling(try NoiseSchedule(zeroTerminalSNR: true), prediction: .vPrediction)
    for steps in [1, 2, 30, 1500] {
      let plan = try kind.plan(steps: steps, schedule: schedule, sampling: sampling)
      var noise = FixedNoise()
      let final = try await SamplingLoop(SamplingMethod(kind), plan: plan).run(
        from: plan.initialLatents(noise: goldenStart), noise: &noise, denoise: Denoiser(denoiser(sampling)))
      #expect(final.allSatisfy { abs($0) < (kind.isFirstOrder ? 1.5 : .infinity) }, "\(final)")
    }
  }

  @Test("LCM takes 1 to 50 steps, as diffusers does, and fewer of a shorter training")
  func stepCounts() throws {
    #expect(throws: SamplingError.stepCount(51, allowed: 1...50, schedule: "lcm sampler's own")) {
      try SamplerKind.lcm.plan(steps: 51)
    }
    #expect(throws: SamplingError.self) { try SamplerKind.lcm.plan(steps: 0) }
    let full = try SamplerKind.lcm.plan(steps: 50)
    let timesteps: [Float] = full.sigmas.dropLast().map(full.sampling.timestep(at:))
    let original: [Float] = (1...50).reversed().map { Float($0 * 20 - 1) }
    #expect(timesteps == original)
    let short = ModelSampling(try NoiseSchedule(count: 2), prediction: .epsilon)
    #expect(try SamplerKind.lcm.plan(steps: 2, sampling: short).stepCount == 2)
    #expect(throws: SamplingError.self) { try SamplerKind.lcm.plan(steps: 3, sampling: short) }
  }

  @Test("LCM draws noise after every step but the last")
  func draws() async throws {
    var noise = FixedNoise()
    let plan = try SamplerKind.lcm.plan(steps: 4)
    _ = try await SamplingLoop(SamplingMethod(.lcm), plan: plan).run(
      from: plan.initialLatents(noise: goldenStart), noise: &noise, denoise: Denoiser(tanhDenoiser))
    #expect(noise.draws == 3)
  }

  @Test("Noise is drawn for the step it belongs to", arguments: [SamplerKind.eulerAncestral, .lcm])
  func intervals(kind: SamplerKind) async throws {
    struct RecordedNoise: NoiseSource {
      var intervals: [[Float]] = []
      mutating func draw(from sigma: Float, to next: Float) -> [Float] {
        intervals.append([sigma, next])
        return [0, 0, 0, 0]
      }
    }
    var noise = RecordedNoise()
    let plan = try kind.plan(steps: 4)
    _ = try await SamplingLoop(SamplingMethod(kind), plan: plan).run(
      from: plan.initialLatents(noise: goldenStart), noise: &noise, denoise: Denoiser(tanhDenoiser))
    #expect(noise.intervals == zip(plan.sigmas, plan.sigmas.dropFirst()).map { [$0, $1] }.dropLast())
  }

  @Test("A run is handed over where diffusers' denoising_end puts it")
  func handover() throws {
    for golden in try Goldens.load("few-step", as: FewStepGoldens.self).handovers {
      #expect(try SamplingPlan(sigmas: golden.sigmas).handover(at: golden.share) == golden.first)
    }
  }

  @Test("The guidance that a distilled model is told equals diffusers'")
  func guidanceEmbeddings() throws {
    for golden in try Goldens.load("few-step", as: FewStepGoldens.self).guidanceEmbeddings {
      // diffusers forms angles of up to 7500 in 32-bit floats.
      expectClose(
        guidanceEmbedding(scale: golden.scale, width: golden.width), golden.values, absolute: 1e-3, "\(golden.scale)")
    }
    #expect(guidanceEmbedding(scale: 1, width: 4) == [0, 0, 1, 1])
    #expect(guidanceEmbedding(scale: 8, width: 1).count == 1)
  }
}

import Testing

@testable import ImagineSampling

/// What A1111 and ComfyUI do in their own way, against numbers that their code gave.
@Suite("Programs")
struct ProgramTests {
  private struct Golden: Decodable {
    struct Levels: Decodable {
      let likeness, schedule, model: String
      let sigmas: [Float]
    }
    struct Run: Decodable {
      let likeness, sampler: String
      let sigmas, final: [Float]
      let calls: Int
    }
    struct Restart: Decodable {
      let final, calls: [Float]
      let draws: Int
    }
    struct Timesteps: Decodable {
      let sampler: String
      let eta: Double?
      let calls, final: [Float]
    }
    struct Slerp: Decodable {
      let shape: [Int]
      let val: Float
      let first8, last4: [Float]
    }
    struct Rescale: Decodable {
      let cond, uncond, result: [Float]
      let scale, phi: Float
    }
    let sigmas: [Levels]
    let runs: [Run]
    let restart: Restart
    let timesteps: [Timesteps]
    let slerp: Slerp
    let rescale: Rescale
  }

  private let golden: Golden

  init() throws { golden = try Goldens.load("programs", as: Golden.self) }

  @Test("Schedules have each program's form")
  func schedules() throws {
    #expect(golden.sigmas.count == 13)
    for levels in golden.sigmas {
      var sampling = ModelSampling.stableDiffusion
      if levels.model == "sdxl" { sampling.alignedLevels = .stableDiffusionXL }
      let method = SamplingMethod(
        .euler, schedule: try SigmaSchedule(name: levels.schedule),
        habits: SamplingHabits(try Likeness(name: levels.likeness)))
      let sigmas = try method.plan(steps: 20, sampling: sampling).sigmas
      expectClose(sigmas, levels.sigmas, relative: 1e-5, absolute: 1e-6, "\(levels.likeness) \(levels.schedule)")
    }
  }

  @Test("ComfyUI's forms of samplers, and k-diffusion's through A1111's habits")
  func runs() async throws {
    for run in golden.runs {
      let method = SamplingMethod(
        try SamplerKind(name: run.sampler), settings: SamplerSettings(sigmas: run.sigmas),
        habits: SamplingHabits(try Likeness(name: run.likeness)))
      // The goldens begin with noise of the first level's strength.
      let plan = try method.plan(steps: 1)
      var noise = FixedNoise()
      let calls = Recorder<Float>()
      let final = try await SamplingLoop(method, plan: plan).run(
        from: scaled(goldenStart, by: run.sigmas[0]), noise: &noise,
        denoise: Denoiser { x, sigma in
          await calls.record(sigma)
          return tanhDenoiser(x, sigma)
        })
      expectClose(final, run.final, relative: 1e-5, absolute: 1e-5, "\(run.likeness) \(run.sampler)")
      #expect(await calls.values.count == run.calls)
    }
  }

  @Test("Restart jumps back as in A1111")
  func restart() async throws {
    let method = SamplingMethod(.restart, habits: SamplingHabits(.a1111))
    let plan = try method.plan(steps: 20)
    var noise = FixedNoise()
    let calls = Recorder<Float>()
    let final = try await SamplingLoop(method, plan: plan).run(
      from: plan.initialLatents(noise: goldenStart), noise: &noise,
      denoise: Denoiser { x, sigma in
        await calls.record(sigma)
        return tanhDenoiser(x, sigma)
      })
    expectClose(await calls.values, golden.restart.calls, relative: 1e-5, absolute: 1e-6)
    expectClose(final, golden.restart.final, relative: 1e-5, absolute: 1e-5)
    #expect(noise.draws == golden.restart.draws && plan.stepCount == 20)
    // Two times a quarter of the steps are made over again.
    let long = try method.plan(steps: 40)
    let rises = zip(long.steps, long.steps.dropFirst()).filter { $0.next < $1.sigma }
    #expect(long.stepCount == 40 && rises.count == 2)
  }

  @Test("A1111's samplers on timesteps")
  func timesteps() async throws {
    for run in golden.timesteps {
      let method = SamplingMethod(
        try SamplerKind(name: run.sampler), settings: SamplerSettings(eta: run.eta), habits: SamplingHabits(.a1111))
      let plan = try method.plan(steps: 8)
      let calls = Recorder<Float>()
      var noise = FixedNoise()
      let final = try await SamplingLoop(method, plan: plan).run(
        from: plan.initialLatents(noise: goldenStart), noise: &noise,
        denoise: Denoiser(
          denoiser(plan.sampling) { call in
            await calls.record(call.timestep)
            return tanhModel(call)
          }))
      expectClose(await calls.values, run.calls, absolute: 2e-3, run.sampler)
      expectClose(final, run.final, relative: 1e-5, absolute: 1e-5, run.sampler)
    }
  }

  @Test("Two noises are mixed as in A1111")
  func variation() throws {
    let shape = LatentShape(golden.slerp.shape)
    func noise(_ seed: UInt64) -> [Float] {
      var random = TorchCPURandom(seed: seed)
      return random.randn(shape.count)
    }
    let mixed = slerp(golden.slerp.val, noise(1), noise(2), shape: shape)
    expectClose(Array(mixed.prefix(8)), golden.slerp.first8, absolute: 2e-6)
    expectClose(Array(mixed.suffix(4)), golden.slerp.last4, absolute: 2e-6)
  }

  @Test("Guidance is brought back to the prompt's deviation as in diffusers")
  func rescale() throws {
    var guidance = Guidance(scale: golden.rescale.scale)
    guidance.rescale = golden.rescale.phi
    let output = ModelOutput(unconditional: golden.rescale.uncond, conditional: [.init(golden.rescale.cond)])
    expectClose(try guidance.guided(output), golden.rescale.result, relative: 1e-5)
  }

  @Test("A1111's LCM goes evenly through the 50 timesteps of distillation, and names the nearest")
  func lcm() throws {
    let plan = try SamplingMethod(.lcm, habits: SamplingHabits(.a1111)).plan(steps: 4)
    let told = plan.sigmas.dropLast().map(plan.sampling.timestep(at:))
    // Places 49, 32.67, 16.33 and 0 of 19, 39 ... 999.
    #expect(told == [999, 679, 339, 19] && plan.sigmas.last == 0 && plan.start == .noiseLevel)
    let training = NoiseSchedule.stableDiffusion
    #expect(plan.sigmas[1] > training.sigmas[659] && plan.sigmas[1] < training.sigmas[679])
  }

  @Test("ComfyUI tells whole timesteps, and begins with more noise than A1111")
  func comfyUI() throws {
    let method = SamplingMethod(.euler, habits: SamplingHabits(.comfyUI))
    let (plan, other) = (
      try method.plan(steps: 20), try SamplingMethod(.euler, habits: SamplingHabits(.a1111)).plan(steps: 20)
    )
    let told = plan.steps.map { plan.sampling.timestep(at: $0.sigma) }
    #expect(plan.sigmas == other.sigmas && told == told.map { $0.rounded() })
    #expect(abs(plan.initialScale / other.initialScale - 1.00234) < 1e-5)
    #expect(other.steps.map { other.sampling.timestep(at: $0.sigma) } != told)
  }

  @Test("The level before the last is left out where a program does so")
  func discarded() throws {
    for (likeness, kinds) in [
      (Likeness.a1111, [SamplerKind.dpm2, .dpm2Ancestral, .dpmpp3MSDE]),
      (.comfyUI, [.dpm2, .dpm2Ancestral, .unipc, .unipcBH2]),
    ] {
      for kind in SamplerKind.allCases where ![.dpmFast, .dpmAdaptive, .restart].contains(kind) {
        let method = SamplingMethod(kind, schedule: .karras, habits: SamplingHabits(likeness))
        let sigmas = try method.plan(steps: 8).sigmas.dropLast()
        let isDiscarded = abs(sigmas[7] - ModelSampling.stableDiffusion.sigmaMin) > 1e-4
        #expect(sigmas.count == 8 && isDiscarded == (kinds.contains(kind) || (kind == .unipcBH2)), "\(kind)")
      }
    }
  }
}

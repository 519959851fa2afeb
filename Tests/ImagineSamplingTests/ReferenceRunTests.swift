import Testing

@testable import ImagineSampling

/// Every sampler over whole schedules, against k-diffusion's functions and diffusers' schedulers.
@Suite("Runs of references")
struct ReferenceRunTests {
  private struct Settings: Decodable {
    let eta, churn, churnMinimum, churnMaximum, noise: Double?

    var value: SamplerSettings {
      SamplerSettings(eta: eta, churn: churn, churnMinimum: churnMinimum, churnMaximum: churnMaximum, noise: noise)
    }
  }

  private struct KDiffusion: Decodable {
    struct Run: Decodable {
      let sampler, schedule: String
      let steps, calls: Int
      let final: [Float]
      let settings: Settings
    }
    let runs: [Run]
    let schedules: [ScheduleCase]
  }

  private struct Diffusers: Decodable {
    let sampler: String
    let schedule: String?
    let settings: Settings
    let steps: Int
    let strength: Double?
    let timesteps, final: [Float]
  }

  @Test("Final latents and calls of the model equal k-diffusion's")
  func kdiffusion() async throws {
    let golden = try Goldens.load("samplers", as: KDiffusion.self)
    #expect(Set(golden.runs.map(\.sampler)).count == 16)
    for run in golden.runs {
      let kind = try #require(SamplerKind(rawValue: run.sampler))
      let schedule = try #require(SigmaSchedule(rawValue: run.schedule))
      let method = SamplingMethod(kind, schedule: schedule, settings: run.settings.value)
      let plan = try method.plan(steps: run.steps)
      let calls = Recorder<Float>()
      var noise = FixedNoise()
      let final = try await SamplingLoop(method, plan: plan).run(
        from: plan.initialLatents(noise: goldenStart), noise: &noise,
        denoise: Denoiser { x, sigma in
          await calls.record(sigma)
          return tanhDenoiser(x, sigma)
        })
      let what = "\(run.sampler) on \(run.schedule), \(run.steps) steps, \(run.settings)"
      // DPM adaptive's steps follow the difference of two results, of which float32 leaves three digits.
      let limit: Float = kind == .dpmAdaptive ? 5e-4 : 1e-5
      expectClose(final, run.final, relative: limit, absolute: limit, what)
      #expect(await calls.values.count == run.calls, "\(what)")
    }
  }

  @Test("Schedules equal k-diffusion's")
  func schedules() throws {
    for golden in try Goldens.load("samplers", as: KDiffusion.self).schedules {
      let sigmas = try #require(SigmaSchedule(rawValue: golden.schedule)).sigmas(steps: golden.steps)
      expectClose(sigmas, golden.sigmas, relative: 5e-6, "\(golden.schedule), \(golden.steps) steps")
    }
  }

  @Test("In the likeness of diffusers, runs from noise and from pictures equal those of its schedulers")
  func diffusers() async throws {
    let runs = try Goldens.load("samplers-diffusers", as: [Diffusers].self)
    #expect(Set(runs.map(\.sampler)).count == 16)
    for run in runs {
      let kind = try #require(SamplerKind(rawValue: run.sampler))
      let method = SamplingMethod(
        kind, schedule: try run.schedule.map { try SigmaSchedule(name: $0) },
        settings: run.settings.value, habits: SamplingHabits(.diffusers))
      let plan = try method.plan(steps: run.steps, strength: run.strength)
      let image: [Float] = [0.8, -0.3, -0.9, 0.4]
      let timesteps = Recorder<Float>()
      var noise = FixedNoise()
      let final = try await SamplingLoop(method, plan: plan).run(
        from: plan.initialLatents(image: run.strength == nil ? nil : image, noise: goldenStart), noise: &noise,
        denoise: Denoiser(
          denoiser(plan.sampling) { call in
            await timesteps.record(call.timestep)
            return tanhModel(call)
          }))
      let schedule = run.schedule ?? "its own"
      let what = "\(run.sampler) on \(schedule), \(run.steps) steps, strength \(run.strength ?? 1), \(run.settings)"
      expectClose(await timesteps.values, run.timesteps, relative: 1e-5, absolute: 1e-3, what)
      expectClose(final, run.final, relative: 2e-5, absolute: 2e-5, what)
    }
  }
}

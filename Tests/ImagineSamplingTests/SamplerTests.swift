import Foundation
import Testing

@testable import ImagineSampling

@Suite("Samplers")
struct SamplerTests {
  @Test("Every step equals k-diffusion's on its vectors")
  func kdiffusionVectors() async throws {
    let golden = try Goldens.load("vectors", as: Vectors.self).kdiffusion
    for run in golden.runs {
      let kind = try #require(SamplerKind(rawValue: run.sampler))
      let plan = try SamplingPlan(sigmas: golden.sigmas)
      let latents = Recorder<[Float]>()
      var noise = FixedNoise()
      let final = try await SamplingLoop(SamplingMethod(kind), plan: plan).run(
        from: plan.initialLatents(noise: goldenStart), noise: &noise, denoise: Denoiser(tanhDenoiser)
      ) { await latents.record($0.latents) }
      for (index, (values, expected)) in zip(await latents.values, run.atStepStart.dropFirst()).enumerated() {
        expectClose(values, expected, relative: 1e-6, absolute: 1e-6, "\(run.sampler), step \(index + 1)")
      }
      expectClose(final, run.final, relative: 1e-6, absolute: 1e-6, run.sampler)
      if kind == .eulerAncestral { #expect(noise.draws == run.noiseDraws) }
    }
  }

  @Test("Runs over whole schedules equal k-diffusion's")
  func kdiffusionRuns() async throws {
    let golden = try Goldens.load("kdiffusion", as: KDiffusionGoldens.self)
    for run in golden.runs {
      let words = run.sampler.components(separatedBy: " eta ")
      let method = SamplingMethod(
        try #require(SamplerKind(rawValue: words[0])),
        settings: SamplerSettings(eta: words.count > 1 ? Double(words[1]) : nil))
      let schedule = try #require(SigmaSchedule(rawValue: run.schedule))
      let plan = try SamplingPlan(schedule: schedule, steps: run.steps, sampling: .stableDiffusion)
      var noise = FixedNoise()
      let final = try await SamplingLoop(method, plan: plan).run(
        from: plan.initialLatents(noise: goldenStart), noise: &noise, denoise: Denoiser(tanhDenoiser))
      let what = "\(run.sampler) on \(run.schedule), \(run.steps) steps"
      expectClose(final, run.final, relative: 1e-5, absolute: 5e-6, what)
    }
  }

  @Test("DDIM equals diffusers' on its vectors after every call")
  func ddimVectors() async throws {
    for golden in try Goldens.load("vectors", as: Vectors.self).ddim {
      let prediction = try #require(PredictionType(rawValue: golden.prediction))
      let plan = try SamplerKind.ddim.plan(steps: golden.timesteps.count)
      #expect(plan.sigmas.dropLast().map(NoiseSchedule.stableDiffusion.timestep(at:)) == golden.timesteps)
      let latents = Recorder<[Float]>()
      var noise = FixedNoise()
      let final = try await SamplingLoop(SamplingMethod(.ddim), plan: plan).run(
        from: plan.initialLatents(noise: goldenStart), noise: &noise, denoise: Denoiser(denoiser(prediction))
      ) { await latents.record(scaled($0.latents, by: ModelSampling.stableDiffusion.inputScale(at: $0.next))) }
      for (values, expected) in zip(await latents.values, golden.afterEachCall) {
        expectClose(values, expected, relative: 1e-6, absolute: 2e-6, golden.prediction)
      }
      expectClose(final, golden.afterEachCall.last ?? [], relative: 1e-6, absolute: 2e-6, golden.prediction)
    }
  }

  @Test("Runs equal diffusers' schedulers, with every prediction type")
  func diffusersRuns() async throws {
    for golden in try Goldens.load("diffusers", as: [DiffusersRun].self) {
      let words = golden.scheduler.split(separator: " ").map(String.init)
      let kind = try #require(SamplerKind(rawValue: words[0]))
      let prediction = try #require(PredictionType(rawValue: words.count > 1 ? words[1] : "epsilon"))
      let plan =
        if let sigmas = golden.sigmas { try SamplingPlan(sigmas: sigmas) } else { try kind.plan(steps: golden.steps) }
      let timesteps = plan.sigmas.dropLast().map(NoiseSchedule.stableDiffusion.timestep(at:))
      expectClose(timesteps, golden.timesteps, absolute: golden.sigmas == nil ? 0 : 1e-3, golden.scheduler)
      // diffusers keeps DDIM's and DPM-Solver++'s latents in the variance-preserving scale.
      let preserving = golden.initNoiseSigma == 1
      let first = preserving ? 1 / ModelSampling.stableDiffusion.inputScale(at: plan.sigmas[0]) : golden.initNoiseSigma
      var noise = FixedNoise()
      let final = try await SamplingLoop(SamplingMethod(kind), plan: plan).run(
        from: scaled(goldenStart, by: first), noise: &noise, denoise: Denoiser(denoiser(prediction)))
      let what = "\(golden.scheduler), \(golden.steps) steps"
      expectClose(final, golden.final, relative: 2e-5, absolute: 2e-5, what)
    }
  }

  @Test("DDIM on an explicit schedule is Euler")
  func ddimIsEuler() async throws {
    var finals: [[Float]] = []
    for kind in [SamplerKind.ddim, .euler] {
      let plan = try kind.plan(steps: 20, schedule: .karras)
      var noise = FixedNoise()
      finals.append(
        try await SamplingLoop(SamplingMethod(kind), plan: plan).run(
          from: plan.initialLatents(noise: goldenStart), noise: &noise, denoise: Denoiser(tanhDenoiser)))
    }
    #expect(finals[0] == finals[1])
  }

  @Test("DDIM refuses what diffusers refuses, and manages the full number of steps")
  func ddimStepCounts() throws {
    #expect(throws: SamplingError.self) { try SamplerKind.ddim.plan(steps: 0) }
    #expect(throws: SamplingError.self) { try SamplerKind.ddim.plan(steps: 1001) }
    let plan = try SamplerKind.ddim.plan(steps: 1000)
    #expect(plan.stepCount == 1000)
    #expect(plan.sigmas[0] == NoiseSchedule.stableDiffusion.sigmaMax)
  }

  @Test(
    "Errors against an exact solution fall with the order of the method",
    arguments: [
      (SamplerKind.euler, 1.0), (.ddim, 1.0), (.dpmpp2M, 2.0), (.heun, 2.0), (.dpm2, 2.0), (.resMultistep, 2.0),
      (.deis, 2.0), (.unipc, 3.0),
    ])
  func convergence(kind: SamplerKind, order: Double) async throws {
    let data = GaussianData(mean: 0.7, deviation: 0.5)
    // Of order 2 with a corrector, as diffusers has it; that of order 3 passes through the exact solution on the way.
    let method = SamplingMethod(kind, habits: SamplingHabits(kind == .unipc ? .diffusers : nil))
    var errors: [Double] = []
    for steps in [20, 40, 80] {
      // Without the final 0: the jump there is of first order whatever the method.
      let sigmas = Array(try SigmaSchedule.exponential.sigmas(steps: steps).dropLast())
      var noise = FixedNoise()
      let x = try await SamplingLoop(method, plan: SamplingPlan(sigmas: sigmas)).run(
        from: [sigmas[0] * 0.8], noise: &noise, denoise: Denoiser(data.denoised))
      let exact = data.exact(sigmas[0] * 0.8, from: sigmas[0], to: sigmas[steps - 1])
      errors.append(Double(abs(x[0] - exact)))
    }
    for (coarse, fine) in zip(errors, errors.dropFirst()) {
      #expect(abs(log2(coarse / fine) - order) < 0.35, "errors \(errors)")
    }
  }

  @Test("Fresh noise leaves samples with the mean and spread of the data")
  func ancestralDistribution() async throws {
    let data = GaussianData(mean: 0.7, deviation: 0.5)
    var noise = BatchNoise(stream: .cpu, seed: 1, elements: 4096)
    let plan = try SamplerKind.eulerAncestral.plan(steps: 200, schedule: .karras)
    let samples = try await SamplingLoop(SamplingMethod(.eulerAncestral), plan: plan).run(
      from: plan.initialLatents(noise: noise.draw()), noise: &noise, denoise: Denoiser(data.denoised))
    let mean = samples.reduce(0, +) / 4096
    let deviation = (samples.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4096).squareRoot()
    #expect(abs(mean - data.mean) < 0.02)
    #expect(abs(deviation - data.deviation) < 0.02)
  }

  @Test(
    "Every sampler stays finite on every schedule, repeated levels included", arguments: SamplerKind.allCases,
    SigmaSchedule.allCases)
  func everyCombination(kind: SamplerKind, schedule: SigmaSchedule) async throws {
    for steps in [1, 2, 3, 30, 1000, 2500] {
      let plan = try kind.plan(steps: steps, schedule: schedule)
      var noise = FixedNoise()
      let final = try await SamplingLoop(SamplingMethod(kind), plan: plan).run(
        from: plan.initialLatents(noise: goldenStart), noise: &noise, denoise: Denoiser(tanhDenoiser))
      #expect(final.allSatisfy { abs($0) < (kind.isFirstOrder ? 1.5 : .infinity) })
    }
  }
}

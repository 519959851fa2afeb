import Testing

@testable import ImagineSampling

@Suite("Schedules")
struct ScheduleTests {
  let training = NoiseSchedule.stableDiffusion

  @Test("The training schedule is the one Stable Diffusion was trained with")
  func trainingSchedule() throws {
    let golden = try Goldens.load("vectors", as: Vectors.self).training
    expectClose(golden.index.map { training.alphasCumulative[$0] }, golden.alphasCumulative, relative: 1e-7)
    #expect(training.count == 1000)
  }

  @Test("Sigmas between timesteps equal k-diffusion's")
  func sigmaAtTimestep() throws {
    let golden = try Goldens.load("kdiffusion", as: KDiffusionGoldens.self)
    expectClose(golden.timesteps.map(training.sigma(at:)), golden.sigmas, relative: 2e-6)
    let vectors = try Goldens.load("vectors", as: Vectors.self).sigmaAtTimestep
    expectClose(vectors.map { training.sigma(at: $0.t) }, vectors.map(\.sigma), relative: 2e-6)
  }

  @Test("Timesteps of sigmas equal k-diffusion's, and are whole at the table's sigmas")
  func timestepAtSigma() throws {
    let vectors = try Goldens.load("vectors", as: Vectors.self).timestepAtSigma
    expectClose(
      vectors.map { training.timestep(at: $0.sigma) }, vectors.map { Float($0.t) }, relative: 1e-6, absolute: 3e-4)
    #expect(training.sigmas.map(training.timestep(at:)) == (0..<1000).map { Float($0) })
  }

  @Test("Lookups outside the schedule, or with no number, give its ends")
  func lookupEnds() {
    #expect(training.sigma(at: -1) == training.sigmaMin)
    #expect(training.sigma(at: .nan) == training.sigmaMin)
    #expect(training.sigma(at: .infinity) == training.sigmaMax)
    #expect(training.timestep(at: 0) == 0)
    #expect(training.timestep(at: .nan) == 0)
    #expect(training.timestep(at: .infinity) == 999)
  }

  @Test("Linear betas grow evenly")
  func linearBetas() throws {
    let schedule = try NoiseSchedule(betaSchedule: .linear, betaStart: 0.1, betaEnd: 0.3, count: 3)
    expectClose(schedule.alphasCumulative, [0.9, 0.72, 0.504], relative: 1e-6)
  }

  @Test("Unusable scheduler settings are refused")
  func invalidTraining() {
    for (start, end, count) in [
      (0.00085, 0.012, 1), (0.00085, 0.012, 1_000_000), (0, 0.012, 1000), (0.2, 0.1, 1000), (0.1, 1, 1000),
      (0.9, 0.99, 10_000), (1e-30, 1e-30, 10), (.nan, 0.1, 10),
    ] {
      #expect(throws: SamplingError.self) { try NoiseSchedule(betaStart: start, betaEnd: end, count: count) }
    }
  }

  @Test("Schedules equal k-diffusion's, A1111's and ComfyUI's")
  func sigmas() throws {
    let vectors = try Goldens.load("vectors", as: Vectors.self).schedules
    let generated = try Goldens.load("kdiffusion", as: KDiffusionGoldens.self).schedules
    let fewStep = try Goldens.load("few-step", as: FewStepGoldens.self).schedules
    for golden in vectors + generated + fewStep {
      let schedule = try #require(SigmaSchedule(rawValue: golden.schedule))
      let sigmas = try schedule.sigmas(steps: golden.steps)
      expectClose(sigmas, golden.sigmas, relative: 5e-6, "\(golden.schedule), \(golden.steps) steps")
    }
  }

  @Test(
    "Every number of steps gives finite, falling sigmas that end at 0", arguments: SigmaSchedule.allCases,
    [1, 2, 3, 30, 333, 999, 1000, 1001, 10_000])
  func anySteps(schedule: SigmaSchedule, steps: Int) throws {
    let sigmas = try schedule.sigmas(steps: steps)
    #expect(sigmas.last == 0)
    #expect(sigmas.dropLast().allSatisfy { $0 >= training.sigmaMin * 0.999999 && $0 <= training.sigmaMax * 1.000001 })
    #expect(zip(sigmas, sigmas.dropFirst()).allSatisfy { $0 >= $1 })
    // Of the others, two go up from below, one leaves out what it would repeat.
    if ![.ddimUniform, .beta].contains(schedule) { #expect(sigmas.count == steps + 1) }
    if ![.ddimUniform, .leading].contains(schedule) { #expect(abs(sigmas[0] - training.sigmaMax) < 1e-5) }
    _ = try SamplingPlan(schedule: schedule, steps: steps, sampling: .stableDiffusion)
  }

  @Test("ddim_uniform makes the steps A1111 makes of them")
  func ddimUniformCounts() throws {
    for (steps, made) in [(1, 1), (20, 20), (30, 31), (999, 999), (1500, 999)] {
      #expect(try SigmaSchedule.ddimUniform.sigmas(steps: steps).count == made + 1)
    }
  }

  @Test("Every schedule works on the shortest training schedule", arguments: SigmaSchedule.allCases)
  func shortTraining(schedule: SigmaSchedule) throws {
    let short = ModelSampling(try NoiseSchedule(count: 2), prediction: .epsilon)
    for steps in [1, 2, 5] {
      _ = try SamplingPlan(schedule: schedule, steps: steps, sampling: short)
    }
  }

  @Test("Step counts out of range are refused", arguments: SigmaSchedule.allCases)
  func stepRange(schedule: SigmaSchedule) {
    for steps in [Int.min, -1, 0, 10_001, .max] {
      #expect(throws: SamplingError.stepCount(steps, allowed: 1...10_000, schedule: schedule.rawValue)) {
        try schedule.sigmas(steps: steps)
      }
    }
  }
}

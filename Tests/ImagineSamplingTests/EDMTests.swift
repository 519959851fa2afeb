import Testing

@testable import ImagineSampling

/// Models that know every level of noise, against diffusers' schedulers for them.
@Suite("EDM")
struct EDMTests {
  private struct Goldens: Decodable {
    struct Run: Decodable {
      let sampler: String, prediction: String
      let steps: Int
      let sigmaMin: Double, sigmaMax: Double, sigmaData: Double
      let sigmas: [Float], timesteps: [Float], final: [Float]
    }
    let runs: [Run]
  }

  @Test func runs() async throws {
    let runs = try ImagineSamplingTests.Goldens.load("edm", as: Goldens.self).runs
    #expect(Set(runs.map(\.prediction)) == ["epsilon", "v_prediction"] && Set(runs.map(\.sigmaData)) == [0.5, 1])
    for run in runs {
      let noise = try EDMNoise(sigmaMin: run.sigmaMin, sigmaMax: run.sigmaMax, sigmaData: run.sigmaData)
      let sampling = ModelSampling(noise, prediction: try #require(PredictionType(rawValue: run.prediction)))
      let kind = try #require(SamplerKind(rawValue: run.sampler))
      let plan = try kind.plan(steps: run.steps, schedule: .karras, sampling: sampling)
      expectClose(plan.sigmas, run.sigmas, relative: 1e-6, absolute: 1e-7)
      expectClose(plan.sigmas.dropLast().map(sampling.timestep(at:)), run.timesteps, relative: 1e-6, absolute: 1e-6)
      var source = FixedNoise()
      let final = try await SamplingLoop(SamplingMethod(kind), plan: plan).run(
        from: plan.initialLatents(noise: goldenStart), noise: &source, denoise: Denoiser(denoiser(sampling)))
      expectClose(final, run.final, relative: 2e-5, absolute: 2e-5, "\(run.prediction), \(run.steps) steps")
    }
  }

  @Test("Every schedule finds falling levels, and a level's place is found again")
  func schedules() throws {
    let sampling = ModelSampling(
      try EDMNoise(sigmaMin: 0.002, sigmaMax: 80, sigmaData: 0.5), prediction: .epsilon)
    for kind in SamplerKind.allCases {
      for schedule in [SigmaSchedule?.none] + SigmaSchedule.allCases {
        let plan = try kind.plan(steps: 7, schedule: schedule, sampling: sampling)
        #expect(plan.sigmas.allSatisfy { $0.isFinite && $0 <= 80.001 } && plan.finalScale == 1)
      }
    }
    for place in [0, 1, 500.5, 999] as [Double] {
      #expect(abs(Double(sampling.trainTimestep(of: sampling.sigma(at: place))) - place) < 1e-2)
    }
    let x: [Float] = [1, -2], output: [Float] = [0.25, 0.5]
    let denoised = sampling.denoised(x, output: output, sigma: 3)
    expectClose(sampling.output(x, denoised: denoised, sigma: 3), output, absolute: 1e-5)
  }

  @Test(arguments: [(0, 80, 0.5), (80, 0.002, 0.5), (0.002, .infinity, 0.5), (0.002, 80, -1), (.nan, 80, 1)])
  func noNoise(_ low: Double, _ high: Double, _ data: Double) {
    #expect(throws: SamplingError.self) { try EDMNoise(sigmaMin: low, sigmaMax: high, sigmaData: data) }
  }
}

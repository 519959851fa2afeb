import Testing

@testable import ImagineSampling

@Suite("Loop")
struct LoopTests {
  private func run(
    _ kind: SamplerKind = .euler, steps: Int = 5, denoise: Denoiser = Denoiser(tanhDenoiser),
    onStep: @Sendable (SamplingStep) async throws -> Void = { _ in }
  ) async throws -> [Float] {
    let plan = try kind.plan(steps: steps)
    var noise = FixedNoise()
    return try await SamplingLoop(SamplingMethod(kind), plan: plan).run(
      from: plan.initialLatents(noise: goldenStart), noise: &noise, denoise: denoise, onStep: onStep)
  }

  @Test("Reports every step with its levels, latents and estimate")
  func progress() async throws {
    let recorder = Recorder<SamplingStep>()
    let final = try await run(onStep: { await recorder.record($0) })
    let steps = await recorder.values
    let sigmas = try SigmaSchedule.normal.sigmas(steps: 5)
    #expect(steps.map(\.index) == [1, 2, 3, 4, 5])
    #expect(steps.allSatisfy { $0.count == 5 })
    #expect(steps.map(\.sigma) + [0] == sigmas)
    #expect([sigmas[0]] + steps.map(\.next) == sigmas)
    #expect(steps.last?.latents == final)
    #expect(steps.last?.denoised == final)
  }

  @Test("A loop can run again from the start")
  func repeatable() async throws {
    let plan = try SamplerKind.dpmpp2M.plan(steps: 6)
    let loop = SamplingLoop(SamplingMethod(.dpmpp2M), plan: plan)
    var finals: [[Float]] = []
    for _ in 0..<2 {
      var noise = FixedNoise()
      finals.append(
        try await loop.run(
          from: plan.initialLatents(noise: goldenStart), noise: &noise, denoise: Denoiser(tanhDenoiser)))
    }
    #expect(finals[0] == finals[1])
  }

  @Test("Stops before the next step once cancelled", arguments: SamplerKind.allCases)
  func cancellation(kind: SamplerKind) async throws {
    let calls = Recorder<Float>()
    let task = Task {
      try await run(
        kind, steps: 50,
        denoise: Denoiser { x, sigma in
          await calls.record(sigma)
          if await calls.values.count == 3 { withUnsafeCurrentTask { $0?.cancel() } }
          return tanhDenoiser(x, sigma)
        })
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    // A step that has begun ends.
    #expect(3...4 ~= (await calls.values.count))
  }

  @Test("Says in which step the latents broke")
  func notFinite() async {
    await #expect(throws: SamplingError.notFinite(step: 1, count: 5)) {
      try await run(denoise: Denoiser { x, _ in x.map { _ in .nan } })
    }
  }

  @Test("Refuses a denoiser that changes the number of values")
  func valueCount() async {
    await #expect(throws: SamplingError.valueCount(3, expected: 4)) {
      try await run(denoise: Denoiser { x, _ in Array(x.dropLast()) })
    }
  }

  @Test("Plans refuse sigmas that do not fall from a positive value")
  func invalidSigmas() {
    for sigmas: [Float] in [
      [], [1], [0, 0], [1, 2, 0], [1, -1], [.infinity, 1], [.nan, 0], [1, .nan], [1, 0, 0],
    ] {
      #expect(throws: SamplingError.self) { try SamplingPlan(sigmas: sigmas) }
    }
  }

  @Test("Latents enter and leave in the scale of the program matched")
  func scales() throws {
    let training = NoiseSchedule.stableDiffusion
    let euler = try SamplerKind.euler.plan(steps: 20)
    #expect(euler.initialScale == training.sigmaMax)
    #expect(euler.finalScale == 1)
    let ddim = try SamplerKind.ddim.plan(steps: 20)
    let vp = ddim.initialScale * ModelSampling.stableDiffusion.inputScale(at: ddim.sigmas[0])
    #expect(abs(vp - 1) < 1e-6)
    #expect(abs(ddim.finalScale - training.alphasCumulative[0].squareRoot()) < 1e-6)
  }
}

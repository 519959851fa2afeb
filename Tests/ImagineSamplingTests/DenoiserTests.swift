import Testing

@testable import ImagineSampling

@Suite("Denoising")
struct DenoiserTests {
  @Test("Guidance equals the reference")
  func guidance() throws {
    let golden = try Goldens.load("vectors", as: Vectors.self).guidance
    let output = ModelOutput(unconditional: golden.uncond, conditional: [.init(golden.cond)])
    expectClose(try Guidance(scale: golden.scale).guided(output), golden.result, relative: 1e-6)
  }

  @Test("Scale 1 needs no unconditional output, every other scale does")
  func unconditional() throws {
    let output = ModelOutput(conditional: [.init([1, 2])])
    #expect(!Guidance(scale: 1).needsUnconditional)
    #expect(try Guidance(scale: 1).guided(output) == [1, 2])
    for scale: Float in [0, 0.5, 7.5] {
      #expect(Guidance(scale: scale).needsUnconditional)
      // A model with guidance inside gives none.
      #expect(try Guidance(scale: scale).guided(output) == [1, 2])
    }
    #expect(throws: SamplingError.valueCount(1, expected: 2)) {
      try Guidance(scale: 2).guided(ModelOutput(unconditional: [1], conditional: [.init([1, 2])]))
    }
  }

  @Test("Prediction types recover the data from latents made of it", arguments: PredictionType.allCases)
  func predictions(type: PredictionType) {
    let sampling = ModelSampling(.stableDiffusion, prediction: type)
    let (data, noise): ([Float], [Float]) = ([0.3, -1.2, 0.9], [1.1, 0.4, -0.7])
    for sigma: Float in [0.03, 0.5, 1, 4, 14.6] {
      let x = zip(data, noise).map { $0 + sigma * $1 }
      let root = (sigma * sigma + 1).squareRoot()
      let output: [Float] =
        switch type {
        case .epsilon: noise
        case .vPrediction: zip(data, noise).map { ($1 - sigma * $0) / root }
        case .sample: data
        }
      let what = "\(type) at \(sigma)"
      expectClose(sampling.denoised(x, output: output, sigma: sigma), data, absolute: 5e-6, what)
      expectClose(sampling.output(x, denoised: data, sigma: sigma), output, absolute: 5e-5, what)
    }
  }

  @Test("The model sees latents of unit variance at the timestep of the noise")
  func modelInput() async throws {
    let inputs = Recorder<[Float]>()
    let timesteps = Recorder<Float>()
    let denoise = denoiser(.epsilon) { call in
      await inputs.record(call.input)
      await timesteps.record(call.timestep)
      return ModelOutput(conditional: [.init(call.input)])
    }
    let sigma = NoiseSchedule.stableDiffusion.sigmas[500]
    _ = try await denoise([sigma, -1], sigma)
    #expect(await timesteps.values == [500])
    expectClose(await inputs.values[0], [0.850686, -0.525674], relative: 1e-5)
  }

  @Test("Guidance comes before the observer and the prediction type")
  func observer() async throws {
    let predictions = Recorder<[Float]>()
    let denoise = GuidedDenoiser(
      sampling: .stableDiffusion, guidance: Guidance(scale: 3),
      observe: { prediction, _ in await predictions.record(prediction) },
      model: { _ in ModelOutput(unconditional: [1, 0], conditional: [.init([2, 1])]) })
    #expect(try await denoise([10, 10], 2) == [2, 4])
    #expect(await predictions.values == [[4, 3]])
  }

  @Test("Refuses a model that returns another number of values")
  func valueCount() async {
    let denoise = denoiser(.epsilon) { _ in ModelOutput(conditional: [.init([1])]) }
    await #expect(throws: SamplingError.valueCount(1, expected: 2)) { try await denoise([1, 2], 1) }
  }

  @Test("Guidance ends outside its interval, and below its least level in every other call")
  func calls() {
    var guidance = Guidance(scale: 7)
    #expect(guidance.isGuided(at: 14, call: 0) && guidance.isGuided(at: 0.03, call: 1))
    guidance.interval = 0.3...5
    #expect([14, 5, 1, 0.3, 0.1].map { guidance.isGuided(at: $0, call: 0) } == [false, true, true, false, false])
    guidance.interval = nil
    guidance.minimumSigma = 2
    #expect([0, 1, 2, 3].map { guidance.isGuided(at: 1, call: $0) } == [true, false, true, false])
    #expect(guidance.isGuided(at: 2, call: 1))
    #expect(!Guidance(scale: 1).isGuided(at: 3, call: 0))
  }

  @Test("A call without guidance gives what the prompt says, also of several parts")
  func unguided() async throws {
    var guidance = Guidance(scale: 7)
    guidance.interval = 3...4
    let asked = Recorder<Bool>()
    let denoise = GuidedDenoiser(sampling: .stableDiffusion, guidance: guidance) { call in
      await asked.record(call.isGuided)
      return ModelOutput(unconditional: call.isGuided ? [0] : nil, conditional: [.init([1]), .init([4], weight: 2)])
    }
    #expect(try await denoise([0], 2) == [-6])
    #expect(try await denoise([0], 4) == [-4 * 7 * (1 + 8)])
    #expect(await asked.values == [false, true])
  }

  @Test("CFG++ steps by what the model sees without the prompt")
  func plusPlus() async throws {
    let method = SamplingMethod(.eulerCFGPlusPlus, settings: SamplerSettings(sigmas: [2, 1, 0]))
    let guidance = method.adapted(Guidance(scale: 1))
    #expect(guidance.needsUnconditional && guidance.scale == 1)
    #expect(SamplingMethod(.ddimCFGPlusPlus).adapted(Guidance(scale: 7.5)).scale == 0.6)
    #expect(SamplingMethod(.euler).adapted(Guidance(scale: 7.5)) == Guidance(scale: 7.5))
    let plan = try method.plan(steps: 2)
    let denoise = GuidedDenoiser(sampling: plan.sampling, guidance: guidance) { _ in
      ModelOutput(unconditional: [0.5], conditional: [.init([1])])
    }
    let latents = Recorder<[Float]>()
    var noise = FixedNoise(elements: 1)
    _ = try await SamplingLoop(method, plan: plan).run(from: [10], noise: &noise, denoise: Denoiser(denoise)) {
      await latents.record($0.latents)
    }
    // Denoised 10 - 2 = 8 and noise 0.5: 8.5; then 8.5 - 1.
    #expect(await latents.values == [[8.5], [7.5]])
  }

  @Test("Where the model was not asked for it, CFG++ is the sampler that it is made of")
  func plusPlusAlone() async throws {
    for (kind, plain) in [
      (SamplerKind.eulerCFGPlusPlus, SamplerKind.euler), (.eulerAncestralCFGPlusPlus, .eulerAncestral),
      (.ddimCFGPlusPlus, .ddim),
    ] {
      var finals: [[Float]] = []
      for kind in [kind, plain] {
        let plan = try kind.plan(steps: 10)
        var noise = FixedNoise()
        finals.append(
          try await SamplingLoop(SamplingMethod(kind), plan: plan).run(
            from: plan.initialLatents(noise: goldenStart), noise: &noise, denoise: Denoiser(tanhDenoiser)))
      }
      expectClose(finals[0], finals[1], relative: 1e-5, absolute: 1e-5)
    }
  }

  @Test("Settings of guidance outside their range are refused")
  func guidanceSettings() throws {
    try Guidance(scale: 7).validate()
    for change in [
      { $0.rescale = -0.1 }, { $0.rescale = 1.5 }, { $0.rescale = .nan }, { $0.minimumSigma = -1 },
      { $0.minimumSigma = .infinity }, { $0.pictureScale = -1 }, { $0.interval = -1...2 },
    ] as [(inout Guidance) -> Void] {
      var guidance = Guidance(scale: 7)
      change(&guidance)
      #expect(throws: SamplingError.self) { try guidance.validate() }
    }
  }
}

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
}

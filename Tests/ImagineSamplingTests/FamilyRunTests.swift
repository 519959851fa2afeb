import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import Testing

@testable import ImagineSampling

/// Whole runs of diffusers' pipelines again, with what their UNets gave in place of a UNet: noise, timesteps, scales,
/// predictions and handover of every family, before there is a network to draw with.
@Suite("Runs of families")
struct FamilyRunTests {
  private static let runs = [
    "sd1", "sd1_inpainting", "sd1_edit", "sd1_lcm", "sd2", "sd2_v", "sd2_v_zero_snr", "sdxl", "sdxl_no_negative",
    "sdxl_turbo", "sdxl_v", "sdxl_refiner", "sdxl_handover", "ssd_1b",
  ]

  /// The outputs of a run, given one after the other.
  private actor Replay {
    private var outputs: [[Float]]
    private(set) var timesteps: [Float] = []

    init(_ outputs: [[Float]]) { self.outputs = outputs }

    func next(_ timestep: Float) throws -> [Float] {
      timesteps.append(timestep)
      return try #require(outputs.isEmpty ? nil : outputs.removeFirst())
    }
  }

  @Test("Latents of every step equal those of diffusers' pipelines", arguments: runs)
  func latents(_ name: String) async throws {
    let golden = try Golden("families/\(name)")
    let settings = try JSONValue(parsing: golden.metadata["settings"] ?? "{}")
    let steps = try #require(settings["steps"]?.int)
    let sampling = ModelSampling(
      try NoiseSchedule(zeroTerminalSNR: name.hasSuffix("zero_snr")),
      prediction: name.contains("_v") ? .vPrediction : .epsilon)
    let method = try SamplingMethod(
      sampler: try #require(settings["sampler"]?.string), schedule: settings["schedule"]?.string)
    let plan = try method.plan(steps: steps, sampling: sampling)
    #expect(plan.stepCount == steps)

    let replay = Replay(try (0..<steps).map { try golden.floats("noise_pred.\($0)") })
    var noise = BatchNoise(stream: .cpu, seed: UInt64(try #require(settings["seed"]?.int)), elements: 4 * 8 * 8)
    let denoise = GuidedDenoiser(sampling: sampling, guidance: Guidance(scale: 1)) { call in
      ModelOutput(conditional: [.init(try await replay.next(call.timestep))])
    }
    let levels = Recorder<[Float]>()
    let first = plan.initialLatents(noise: noise.draw())
    let final = try await SamplingLoop(method, plan: plan).run(
      from: first, noise: &noise, denoise: Denoiser(denoise)
    ) { await levels.record($0.latents) }

    let timesteps = try golden.floats("timesteps")
    #expect(await replay.timesteps == timesteps)
    // diffusers keeps the latents of DDIM and LCM in the variance-preserving scale.
    let isPreserving = plan.start == .unitVariance
    // From a sigma of 4518 diffusers steps down by differences of such numbers in 32-bit floats, where this library blends.
    let limit = plan.sigmas[0] > 1000 ? 1e-4 : 2e-5
    for (step, latents) in ([first] + (await levels.values)).prefix(steps).enumerated() {
      let ours = isPreserving ? scaled(latents, by: sampling.inputScale(at: plan.sigmas[step])) : latents
      #expect(distance(ours, try golden.floats("latents.\(step)")) < limit, "before step \(step)")
    }
    #expect(distance(final, try golden.floats("latents.final")) < limit)
    if let share = settings["handover"]?.double {
      #expect(try golden.floats("handover") == [Float(plan.handover(at: share))])
    }
  }

  /// The norm of the error over the norm of what is expected.
  private func distance(_ values: [Float], _ expected: [Float]) -> Double {
    guard values.count == expected.count, !values.isEmpty else { return .infinity }
    let error = zip(values, expected).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    return (error / expected.reduce(0) { $0 + Double($1) * Double($1) }).squareRoot()
  }
}

import Testing

@testable import ImagineSampling

/// Runs that begin with a picture.
@Suite("Runs on pictures")
struct PictureTests {
  private let image: [Float] = [0.8, -0.3, -0.9, 0.4]

  @Test(
    "Each program cuts the steps in its own way",
    arguments: [
      (Likeness?.none, 0.75, 16, 4), (.a1111, 0.75, 16, 4), (.a1111, 1, 20, 0), (.a1111, 0, 1, 19), (nil, 0, 0, 20),
      (.stableDiffusionCpp, 0.5, 11, 9), (.diffusers, 0.75, 15, 5), (.diffusers, 1, 20, 0), (.comfyUI, 0.5, 20, 20),
      (.comfyUI, 1, 20, 0), (.comfyUI, 0, 0, 20),
    ] as [(Likeness?, Double, Int, Int)])
  func strength(likeness: Likeness?, strength: Double, steps: Int, skipped: Int) throws {
    let method = SamplingMethod(.euler, schedule: .karras, habits: SamplingHabits(likeness))
    let plan = try method.plan(steps: 20, strength: strength)
    let whole = try method.plan(steps: likeness == .comfyUI && strength > 0 ? Int(20 / strength) : 20)
    #expect(plan.stepCount == steps && plan.sigmas == Array(whole.sigmas.dropFirst(skipped)))
    guard steps > 0 else {
      #expect(plan.initialLatents(image: image, noise: goldenStart) == image)
      return
    }
    let full = likeness == .comfyUI && strength == 1
    let level = full ? (1 + plan.sigmas[0] * plan.sigmas[0]).squareRoot() : plan.sigmas[0]
    expectClose(
      plan.initialLatents(image: image, noise: goldenStart), weightedSum(1, image, level, goldenStart), relative: 1e-6)
  }

  @Test("A1111's second pass has exactly the steps asked for")
  func exactSteps() throws {
    let method = SamplingMethod(.euler, habits: SamplingHabits(.a1111))
    let plan = try method.plan(steps: 20, strength: 0.7, hasExactSteps: true)
    #expect(plan.sigmas == Array(try method.plan(steps: 28).sigmas.dropFirst(8)) && plan.stepCount == 20)
  }

  @Test("A1111's samplers on timesteps begin one level below the picture's noise")
  func timesteps() throws {
    for kind in [SamplerKind.ddim, .plms] {
      let method = SamplingMethod(kind, habits: SamplingHabits(.a1111))
      let (whole, plan) = (try method.plan(steps: 20), try method.plan(steps: 20, strength: 0.5))
      // Of the timesteps 1, 51 ... 951 the first ten are left, and nine steps between them; the picture has noise of the next.
      #expect(plan.sigmas == Array(whole.sigmas.suffix(10)) && plan.stepCount == 9)
      let level = whole.sigmas[9]
      #expect(ModelSampling.stableDiffusion.trainTimestep(of: level) == 501)
      let preserved = scaled(
        plan.initialLatents(image: image, noise: goldenStart),
        by: ModelSampling.stableDiffusion.inputScale(at: plan.sigmas[0]))
      let signal = ModelSampling.stableDiffusion.inputScale(at: level)
      expectClose(preserved, weightedSum(signal, image, signal * level, goldenStart), relative: 1e-5, absolute: 1e-6)
    }
    let method = SamplingMethod(.unipc, habits: SamplingHabits(.a1111))
    let plan = try method.plan(steps: 20, strength: 0.5)
    #expect(plan.stepCount == 10 && ModelSampling.stableDiffusion.trainTimestep(of: plan.sigmas[0]) == 451)
  }

  @Test("What cannot be done is refused")
  func refusals() throws {
    for strength in [-0.1, 1.1, .nan, .infinity] {
      #expect(throws: SamplingError.self) { try SamplingMethod(.euler).plan(steps: 20, strength: strength) }
    }
    #expect(throws: SamplingError.self) {
      try SamplingMethod(.euler, habits: SamplingHabits(.diffusers)).plan(steps: 20, strength: 0.01)
    }
    #expect(throws: SamplingError.self) {
      try SamplingMethod(.euler, habits: SamplingHabits(.comfyUI)).plan(steps: 20, strength: 1e-12)
    }
  }

  @Test(
    "Every sampler ends finite from every strength, in every likeness", arguments: SamplerKind.allCases,
    [nil] + Likeness.allCases.map(Optional.some))
  func sweep(kind: SamplerKind, likeness: Likeness?) async throws {
    for schedule in [nil, SigmaSchedule.karras, .leading] {
      let method = SamplingMethod(kind, schedule: schedule, habits: SamplingHabits(likeness))
      for steps in [1, 4, 20] {
        for strength in [0, 0.04, 0.3, 0.75, 0.999, 1] {
          if likeness == .diffusers, Int(Double(steps) * strength) == 0 { continue }
          // LCM and TCD have no more than 50 steps of their own.
          guard let plan = try? method.plan(steps: steps, strength: strength) else {
            #expect(likeness == .comfyUI || [.lcm, .tcd].contains(kind))
            continue
          }
          var noise = RunNoise(method, stream: .cpu, seed: 5, shape: [1, 2, 2], plan: plan)
          let first = plan.initialLatents(image: image, noise: noise.initial())
          let final = try await SamplingLoop(method, plan: plan).run(
            from: first, noise: &noise, denoise: Denoiser(tanhDenoiser))
          #expect(final.allSatisfy { abs($0) < 100 }, "\(steps) steps, strength \(strength): \(final)")
        }
      }
    }
  }
}

import Testing

@testable import ImagineSampling

@Suite("Masks")
struct MaskTests {
  private let original: [Float] = [0.5, -0.6, 0.7, -0.8]
  private let start: [Float] = [1, -1, 0.5, 2]

  @Test(
    "What the mask leaves out is the picture's, whatever the sampler", arguments: SamplerKind.allCases,
    Likeness.allCases)
  func kept(kind: SamplerKind, likeness: Likeness) async throws {
    let method = SamplingMethod(kind, schedule: .karras, habits: SamplingHabits(likeness))
    let plan = try method.plan(steps: 12)
    let mask = try LatentMask(
      values: [1, 0, 1, 0], original: original, noise: start, rule: method.habits.maskRule)
    var noise = FixedNoise()
    let final = try await SamplingLoop(method, plan: plan, mask: mask).run(
      from: plan.initialLatents(image: original, noise: start), noise: &noise, denoise: Denoiser(tanhDenoiser))
    // DPM-Solver's two and UniPC's leave some noise; ComfyUI's rule has no last word.
    let limit: Float = likeness == .comfyUI ? 0.3 : 2e-3
    if plan.sigmas.last == 0 || likeness == .a1111 {
      expectClose([final[1], final[3]], [original[1], original[3]], absolute: limit, "\(kind)")
    }
    #expect(final.allSatisfy { $0.isFinite } && abs(final[0] - original[0]) > 1e-3)
  }

  @Test("A1111's rule: the estimate is the picture's, and at the end the latents")
  func a1111() async throws {
    let method = SamplingMethod(.euler, settings: SamplerSettings(sigmas: [2, 1, 0]), habits: SamplingHabits(.a1111))
    let plan = try method.plan(steps: 2)
    let mask = try LatentMask(values: [0.25], original: [4], noise: [1], rule: .a1111)
    let seen = Recorder<[Float]>()
    var noise = FixedNoise(elements: 1)
    let final = try await SamplingLoop(method, plan: plan, mask: mask).run(
      from: [8], noise: &noise,
      denoise: Denoiser { x, _ in
        await seen.record(x)
        return [0]
      })
    // The estimate is 0.75 * 4 = 3: x = 3 + (8 - 3) / 2 = 5.5, then 3; at the end 0.25 * 3 + 0.75 * 4.
    #expect(await seen.values == [[8], [5.5]])
    #expect(final == [3.75])
  }

  @Test("ComfyUI's rule: what the model sees has the picture's noise")
  func comfyUI() async throws {
    let method = SamplingMethod(.euler, settings: SamplerSettings(sigmas: [2, 1, 0]), habits: SamplingHabits(.comfyUI))
    let mask = try LatentMask(values: [0.25], original: [4], noise: [1], rule: .comfyUI)
    let seen = Recorder<[Float]>()
    var noise = FixedNoise(elements: 1)
    let final = try await SamplingLoop(method, plan: try method.plan(steps: 2), mask: mask).run(
      from: [8], noise: &noise,
      denoise: Denoiser { x, _ in
        await seen.record(x)
        return [0]
      })
    // 8 * 0.25 + (4 + 2) * 0.75, then 5.5 * 0.25 + (4 + 1) * 0.75.
    #expect(await seen.values == [[6.5], [5.125]])
    #expect(final == [3])
  }

  @Test("diffusers' rule: the latents after each step have the picture's noise")
  func diffusers() async throws {
    let method = SamplingMethod(
      .euler, settings: SamplerSettings(sigmas: [2, 1, 0]), habits: SamplingHabits(.diffusers))
    let mask = try LatentMask(values: [0.25], original: [4], noise: [1], rule: .diffusers)
    let seen = Recorder<[Float]>()
    var noise = FixedNoise(elements: 1)
    let final = try await SamplingLoop(method, plan: try method.plan(steps: 2), mask: mask).run(
      from: [8], noise: &noise,
      denoise: Denoiser { x, _ in
        await seen.record(x)
        return [0]
      })
    // 8 / 2 * 0.25 + (4 + 1) * 0.75, then 0 * 0.25 + 4 * 0.75.
    #expect(await seen.values == [[8], [4.75]])
    #expect(final == [3])
  }

  @Test("A1111's samplers on timesteps show the picture without noise, and step from what they had")
  func beforeCalls() async throws {
    let method = SamplingMethod(.ddim, habits: SamplingHabits(.a1111))
    let plan = try method.plan(steps: 4)
    let mask = try LatentMask(values: [1, 0, 1, 0], original: original, noise: start, rule: .a1111)
    let inputs = Recorder<[Float]>()
    var noise = FixedNoise()
    _ = try await SamplingLoop(method, plan: plan, mask: mask).run(
      from: plan.initialLatents(noise: start), noise: &noise,
      denoise: Denoiser(
        denoiser(.epsilon) { call in
          await inputs.record(call.input)
          return tanhModel(call)
        }))
    let values = await inputs.values
    #expect(values.count == 3)
    for input in values { expectClose([input[1], input[3]], [original[1], original[3]], relative: 1e-5) }
    #expect(abs(values[0][0] - start[0]) < 1e-5)
  }

  @Test("A mask for positions counts for all channels; another size is refused")
  func sizes() throws {
    let mask = try LatentMask(values: [1, 0], original: original, noise: start, rule: .a1111)
    #expect(mask.values == [1, 0, 1, 0])
    for (values, noise) in [([], start), ([1, 0, 1], start), ([1, 0], [1])] as [([Float], [Float])] {
      #expect(throws: SamplingError.self) {
        try LatentMask(values: values, original: original, noise: noise, rule: .a1111)
      }
    }
  }
}

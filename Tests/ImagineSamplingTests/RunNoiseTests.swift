import Testing

@testable import ImagineSampling

@Suite("Noise of a run")
struct RunNoiseTests {
  private func noise(
    _ kind: SamplerKind = .eulerAncestral, _ likeness: Likeness? = nil, stream: RandomStream = .cpu, seed: UInt64 = 7,
    shape: [Int] = [4, 4, 4], variation: RunNoise.Variation? = nil, size: (height: Int, width: Int)? = nil,
    delta: Int = 0
  ) throws -> RunNoise {
    var method = SamplingMethod(kind, habits: SamplingHabits(likeness))
    method.habits.etaNoiseSeedDelta = delta
    return RunNoise(
      method, stream: stream, seed: seed, shape: shape, plan: try method.plan(steps: 5), variation: variation,
      noiseSize: size)
  }

  private func draws(_ stream: RandomStream, _ seed: UInt64, _ count: Int, of elements: Int = 64) -> [[Float]] {
    var generator = stream.generator(seed: seed)
    return (0..<count).map { _ in generator.randn(elements) }
  }

  @Test("One generator goes on from the posterior to the first noise to the steps", arguments: RandomStream.allCases)
  func continued(stream: RandomStream) throws {
    for likeness in [nil, Likeness.a1111, .diffusers, .stableDiffusionCpp] {
      var noise = try noise(.eulerAncestral, likeness, stream: stream)
      #expect([noise.posterior(64), noise.initial(), noise.draw(from: 2, to: 1)] == draws(stream, 7, 3))
    }
  }

  @Test("ComfyUI's first noise is the CPU's, and a new generator makes that of the steps")
  func comfyUI() throws {
    var onCPU = try noise(.eulerAncestral, .comfyUI, stream: .cpu)
    #expect([onCPU.initial()] == draws(.cpu, 7, 1))
    #expect([onCPU.draw(from: 2, to: 1), onCPU.draw(from: 1, to: 0.5)] == draws(.cpu, 8, 2))
    var onGPU = try noise(.eulerAncestral, .comfyUI, stream: .cuda)
    #expect([onGPU.initial()] == draws(.cpu, 7, 1))
    #expect([onGPU.draw(from: 2, to: 1)] == draws(.cuda, 7, 1))
  }

  @Test("A1111's seed delta starts the generator of the steps anew")
  func seedDelta() throws {
    for delta in [31337, -3] {
      var noise = try noise(delta: delta)
      #expect([noise.initial()] == draws(.cpu, 7, 1))
      #expect([noise.draw(from: 2, to: 1)] == draws(.cpu, UInt64(7 + delta), 1))
    }
  }

  @Test("Samplers for stochastic equations follow a path; in diffusers they draw independently")
  func brownian() throws {
    let plan = try SamplerKind.dpmppSDE.plan(steps: 5)
    var path = BrownianPath(stream: .cuda, seed: 7, count: 64, low: plan.pathEnds.low, high: plan.pathEnds.high)
    var noise = try noise(.dpmppSDE, stream: .cuda)
    _ = noise.initial()
    #expect(noise.draw(from: 2, to: 1) == path.noise(from: 2, to: 1))
    var independent = try self.noise(.dpmpp2MSDE, .diffusers)
    #expect([independent.initial(), independent.draw(from: 2, to: 1)] == draws(.cpu, 7, 2))
    // ComfyUI's path is the CPU's, but for samplers whose name says otherwise.
    for (name, stream) in [("dpmpp_sde", RandomStream.cpu), ("dpmpp_sde_gpu", .cuda)] {
      var method = try SamplingMethod(sampler: name)
      method.habits = SamplingHabits(.comfyUI)
      let plan = try method.plan(steps: 5)
      var path = BrownianPath(stream: stream, seed: 7, count: 64, low: plan.pathEnds.low, high: plan.pathEnds.high)
      var noise = RunNoise(method, stream: .cuda, seed: 7, shape: [4, 4, 4], plan: plan)
      #expect(noise.draw(from: 2, to: 1) == path.noise(from: 2, to: 1))
    }
  }

  @Test("A path spans the whole schedule in A1111, and the steps that are left elsewhere")
  func pathEnds() throws {
    let whole = try SamplingMethod(.dpmppSDE).plan(steps: 20).pathEnds
    let a1111 = try SamplingMethod(.dpmppSDE, habits: SamplingHabits(.a1111)).plan(steps: 20, strength: 0.5)
    #expect(a1111.pathEnds == whole && a1111.sigmas[0] < whole.high)
    let own = try SamplingMethod(.dpmppSDE).plan(steps: 20, strength: 0.5)
    #expect(own.pathEnds.high == own.sigmas[0])
  }

  @Test("A variation of 1 is the other seed's noise, of 0 none; its seed does not touch the steps")
  func variation() throws {
    var none = try noise(variation: (9, 0)), all = try noise(variation: (9, 1))
    #expect([none.initial()] == draws(.cpu, 7, 1))
    expectClose(all.initial(), draws(.cpu, 9, 1)[0], absolute: 1e-5)
    #expect(none.draw(from: 2, to: 1) == all.draw(from: 2, to: 1))
  }

  @Test("The noise of another size is in the middle", arguments: [(2, 2), (6, 6), (2, 6), (3, 5)])
  func otherSize(height: Int, width: Int) throws {
    var noise = try noise(shape: [4, 4, 4], size: (height, width))
    let first = noise.initial()
    let small = draws(.cpu, 7, 1, of: 4 * height * width)[0], large = draws(.cpu, 7, 1)[0]
    // As A1111 cuts and pastes, with differences rounded down.
    for channel in 0..<4 {
      for row in 0..<4 {
        for column in 0..<4 {
          let (dy, dx) = ((4 - height) >> 1, (4 - width) >> 1)
          let (y, x) = (row - dy, column - dx)
          let (rows, columns) = (dy < 0 ? height + 2 * dy : height, dx < 0 ? width + 2 * dx : width)
          let isSmall = (dy < 0 ? row < rows : 0..<height ~= y) && (dx < 0 ? column < columns : 0..<width ~= x)
          let expected =
            isSmall
            ? small[(channel * height + y) * width + x] : large[(channel * 4 + row) * 4 + column]
          #expect(first[(channel * 4 + row) * 4 + column] == expected)
        }
      }
    }
  }

  @Test("Shapes that are none do not trap")
  func shapes() throws {
    for shape in [[], [0, 0, 0], [-1, 4, 4], [4]] as [[Int]] {
      var noise = try noise(shape: shape, variation: (1, 0.5), size: (3, 0))
      #expect(noise.initial().count == noise.draw(from: 1, to: 0.5).count)
    }
  }
}

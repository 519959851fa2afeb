import Testing

@testable import ImagineSampling

@Suite("Random streams")
struct RandomTests {
  @Test("MT19937 gives the reference words")
  func mersenneWords() throws {
    for golden in try Goldens.load("vectors", as: Vectors.self).mt19937 {
      var engine = MersenneTwister(seed: UInt32(truncatingIfNeeded: golden.seed))
      #expect(golden.words.map { _ in engine.next() } == golden.words)
    }
  }

  @Test("Single draws equal torch's on both sides of 16 numbers")
  func torchSingleDraws() throws {
    for golden in try Goldens.load("torch-randn", as: TorchGoldens.self).single {
      try expect(golden)
    }
  }

  @Test("Sequences of draws equal torch's, the kept second number included")
  func torchSequences() throws {
    for golden in try Goldens.load("torch-randn", as: TorchGoldens.self).sequences {
      try expect(golden)
    }
  }

  private func expect(_ golden: TorchGoldens.Draws) throws {
    var random = TorchCPURandom(seed: golden.seed)
    for (index, draw) in golden.draws.enumerated() {
      let what = "seed \(golden.seed), draw \(index) of \(draw.count)"
      expectClose(random.randn(draw.count), draw, absolute: 1e-6, what)
    }
  }

  @Test("Whole latents equal torch's")
  func torchLatents() throws {
    for golden in try Goldens.load("torch-randn", as: TorchGoldens.self).latents {
      var random = TorchCPURandom(seed: golden.seed)
      let values = random.randn(golden.count)
      expectClose(Array(values.prefix(20)), golden.first, absolute: 1e-6, "first, seed \(golden.seed)")
      expectClose(Array(values.suffix(20)), golden.last, absolute: 1e-6, "last, seed \(golden.seed)")
      let sumOfSquares = values.reduce(0.0) { $0 + Double($1) * Double($1) }
      #expect(abs(sumOfSquares - golden.sumOfSquares) < 1e-2)
    }
  }

  @Test("Only the low 32 bits of a CPU seed count; all 64 of a CUDA seed do")
  func seedBits() {
    let seeds: [UInt64] = [42, 42 + 1 << 32]
    var cpu = seeds.map(TorchCPURandom.init)
    var cuda = seeds.map(PhiloxRandom.init)
    #expect(cpu[0].randn(20) == cpu[1].randn(20))
    #expect(cuda[0].randn(20) != cuda[1].randn(20))
  }

  @Test("Philox blocks equal the reference")
  func philoxBlocks() throws {
    for golden in try Goldens.load("vectors", as: Vectors.self).philox.blocks {
      let counter = (golden.counter[0], golden.counter[1], golden.counter[2], golden.counter[3])
      let key = (UInt32(truncatingIfNeeded: golden.seed), UInt32(truncatingIfNeeded: golden.seed >> 32))
      let block = PhiloxRandom.philox(counter, key: key)
      #expect([block.0, block.1, block.2, block.3] == golden.out)
    }
  }

  @Test("CUDA draws equal A1111's, and every draw takes the next offset")
  func philoxLatents() throws {
    let golden = try Goldens.load("vectors", as: Vectors.self).philox
    for latents in golden.latents {
      var random = PhiloxRandom(seed: latents.seed)
      let count = latents.shape.reduce(1, *)
      for (first, last) in [(latents.call0_first5, latents.call0_last3), (latents.call1_first5, latents.call1_last3)] {
        let values = random.randn(count)
        expectClose(Array(values.prefix(5)), first, absolute: 1e-6, "first, seed \(latents.seed)")
        expectClose(Array(values.suffix(3)), last, absolute: 1e-6, "last, seed \(latents.seed)")
      }
    }
    var random = PhiloxRandom(seed: 0)
    expectClose(random.randn(12), golden.docExample, absolute: 1e-6)
  }

  @Test("An image has the noise of its own seed, alone or in a batch", arguments: RandomStream.allCases)
  func batch(stream: RandomStream) {
    var batch = BatchNoise(stream: stream, seed: 100, images: 3, elements: 24)
    let draws = [batch.draw(), batch.draw()]
    for image in 0..<3 {
      var alone = BatchNoise(stream: stream, seed: 100 + UInt64(image), elements: 24)
      for draw in draws {
        #expect(Array(draw[(image * 24)..<(image * 24 + 24)]) == alone.draw())
      }
    }
    #expect(draws[0] != draws[1])
  }

  @Test("Extreme seeds and counts do not trap", arguments: RandomStream.allCases)
  func extremes(stream: RandomStream) {
    var batch = BatchNoise(stream: stream, seed: .max, images: 2, elements: 1)
    #expect(batch.draw().count == 2)
    var generator = stream.generator(seed: .max)
    #expect(generator.randn(0).isEmpty)
    #expect(generator.randn(-1).isEmpty)
    #expect(generator.randn(1000).allSatisfy { $0.isFinite })
  }
}

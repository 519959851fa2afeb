/// All random numbers of one picture, in the order in which the program that is matched draws them: those of the posterior of
/// a given picture, of the first noise, and of the steps.
package struct RunNoise: NoiseSource {
  /// Another seed, whose noise is mixed into the first.
  package typealias Variation = (seed: UInt64, strength: Double)

  private let stream: RandomStream
  private let firstStream: RandomStream
  private let seed: UInt64
  private let shape: LatentShape
  private let variation: Variation?
  private let noiseSize: (height: Int, width: Int)?
  private let habits: SamplingHabits
  private var generator: any RandomGenerator
  private var path: BrownianPath?

  /// - Parameters:
  ///   - shape: of the latents, [C, h, w].
  ///   - variation: mixed in by ``slerp(_:_:_:shape:)``; nil or a strength of 0 for none.
  ///   - noiseSize: rows and columns of the latents of another picture, whose noise is to be in the middle of this one's.
  package init(
    _ method: SamplingMethod, stream: RandomStream, seed: UInt64, shape: [Int], plan: SamplingPlan,
    variation: Variation? = nil, noiseSize: (height: Int, width: Int)? = nil
  ) {
    let habits = method.habits
    self.stream = stream
    self.seed = seed
    self.shape = LatentShape(shape)
    self.variation = variation.flatMap { $0.strength == 0 ? nil : $0 }
    self.noiseSize = noiseSize
    self.habits = habits
    firstStream = habits.firstStream ?? stream
    generator = firstStream.generator(seed: seed)
    if method.sampler.type.isBrownian, habits.followsBrownianPaths {
      let ends = plan.pathEnds
      path = BrownianPath(
        stream: method.brownianStream ?? habits.brownianStream ?? stream, seed: seed, count: self.shape.count,
        low: ends.low, high: ends.high)
    }
  }

  /// Noise for a draw from what an autoencoder makes of a picture: diffusers draws it before the first noise.
  package mutating func posterior(_ count: Int) -> [Float] { generator.randn(count) }

  /// The first noise, of unit variance: [C, h, w]. Called once, before the first step.
  ///
  /// Variations and other sizes are as in A1111: the noise of the old size, varied, replaces the middle of that of the new.
  package mutating func initial() -> [Float] {
    let small = noiseSize.map { LatentShape(channels: shape.channels, height: $0.height, width: $0.width) }
    let resized = small.flatMap { $0 == shape || $0.count <= 0 ? nil : $0 }
    var noise = resized.map { freshNoise(seed: seed, $0) } ?? generator.randn(shape.count)
    if let variation {
      let other = freshNoise(seed: variation.seed, resized ?? shape)
      noise = slerp(Float(variation.strength), noise, other, shape: resized ?? shape)
    }
    if let resized { noise = resized.placed(noise, inMiddleOf: generator.randn(shape.count), shape) }
    startStepNoise()
    return noise
  }

  /// The seed's own noise, not varied and not of another size: what A1111's "latent noise" puts under a mask.
  package func plain() -> [Float] { freshNoise(seed: seed, shape) }

  private func freshNoise(seed: UInt64, _ shape: LatentShape) -> [Float] {
    var generator = firstStream.generator(seed: seed)
    return generator.randn(shape.count)
  }

  /// Settles where the noise of steps comes from.
  private mutating func startStepNoise() {
    switch habits.stepNoise {
    case .fresh: generator = stream.generator(seed: stream == .cpu ? seed &+ 1 : seed)
    case .continued where habits.etaNoiseSeedDelta != 0:
      generator = stream.generator(seed: seed &+ UInt64(bitPattern: Int64(habits.etaNoiseSeedDelta)))
    case .continued: break
    }
  }

  package mutating func draw(from sigma: Float, to next: Float) -> [Float] {
    if path != nil, let noise = path?.noise(from: sigma, to: next) { return noise }
    return generator.randn(shape.count)
  }
}

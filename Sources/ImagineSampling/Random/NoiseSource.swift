/// What a sampler takes fresh noise from.
package protocol NoiseSource: Sendable {
  /// The noise of a step for the whole batch, normally distributed, as many numbers as the latents have.
  ///
  /// - Parameters:
  ///   - sigma: the noise level that the step comes from, or is at; `next`: the lower one that it goes to. Independent draws
  ///     do not depend on them; noise along a Brownian path does.
  mutating func draw(from sigma: Float, to next: Float) -> [Float]
}

/// The noise of a batch of images, each with a generator of its own.
///
/// Image k is seeded with `seed + k` (wrapping), so it comes out the same alone or in a batch. The first draw is the initial
/// noise; noise a sampler adds later continues the same streams. This is A1111's order, and diffusers' with one generator an
/// image.
package struct BatchNoise: NoiseSource {
  private var generators: [any RandomGenerator]
  private let elements: Int

  /// - Parameters:
  ///   - elements: numbers in the latents of one image.
  package init(stream: RandomStream, seed: UInt64, images: Int = 1, elements: Int) {
    generators = (0..<max(images, 0)).map { stream.generator(seed: seed &+ UInt64($0)) }
    self.elements = elements
  }

  /// The next noise, image after image: [images, elements]. Whoever gives the elements a shape must take torch's, channels
  /// before rows before columns, for a seed to give the picture it gives elsewhere.
  package mutating func draw() -> [Float] {
    var batch: [Float] = []
    batch.reserveCapacity(generators.count * elements)
    for index in generators.indices { batch += generators[index].randn(elements) }
    return batch
  }

  package mutating func draw(from sigma: Float, to next: Float) -> [Float] { draw() }
}

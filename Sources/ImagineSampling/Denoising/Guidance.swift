/// One run of a model that a sampler asks for.
package struct ModelCall: Sendable {
  /// Latents of unit variance: [n].
  package let input: [Float]
  /// What the network is told of the noise; it may lie between the trained timesteps.
  package let timestep: Float
  package let sigma: Float
  /// Calls of this run before this one: what prompts that change on the way count in.
  package let index: Int
  /// Whether the outputs for the negative prompt are wanted as well.
  package let isGuided: Bool
}

/// What a model says about the same latents with and without the prompt.
package struct ModelOutput: Sendable {
  /// The output for one prompt, and how much it counts: several where a prompt is made of parts.
  package struct Part: Sendable {
    package var values: [Float]
    package var weight: Float

    package init(_ values: [Float], weight: Float = 1) {
      self.values = values
      self.weight = weight
    }
  }

  /// The output for the negative or empty prompt; nil where the call did not ask for it, or the model has guidance inside.
  package var unconditional: [Float]?
  /// The output for the negative prompt beside a picture to be changed, which `unconditional` was made without.
  package var picture: [Float]?
  /// The outputs for the prompt's parts, at least one.
  package var conditional: [Part]

  package init(unconditional: [Float]? = nil, picture: [Float]? = nil, conditional: [Part]) {
    self.unconditional = unconditional
    self.picture = picture
    self.conditional = conditional
  }
}

/// Classifier-free guidance: Ho & Salimans, "Classifier-free diffusion guidance" (2022), with the scale of diffusers.
///
/// At scale 1 the unconditional output cancels and need not be computed, as in ComfyUI. Scales from 0 to 1 blend, as in A1111
/// and ComfyUI; diffusers ignores them and leaves out the unconditional output for every scale up to 1.
package struct Guidance: Sendable, Hashable {
  package var scale: Float
  /// How closely a picture to be changed is followed, by models that take one beside the prompt: Brooks et al.,
  /// "InstructPix2Pix" (2023), equation 3.
  package var pictureScale: Float?

  package init(scale: Float, pictureScale: Float? = nil) {
    self.scale = scale
    self.pictureScale = pictureScale
  }

  /// Whether the model must also run for the negative prompt.
  package var needsUnconditional: Bool { scale != 1 || pictureScale.map { $0 != 1 } ?? false }

  /// The guided output `u + scale * sum(weight * (c - u))`; with a picture `u + pictureScale * (p - u) + scale * (c - p)`.
  ///
  /// - Throws: ``SamplingError/valueCount(_:expected:)`` where outputs have different lengths.
  package func guided(_ output: ModelOutput) throws(SamplingError) -> [Float] {
    let first = output.conditional.first?.values ?? []
    for values in output.conditional.map(\.values) + [output.unconditional, output.picture].compactMap({ $0 }) {
      guard values.count == first.count else { throw .valueCount(values.count, expected: first.count) }
    }
    guard let unconditional = output.unconditional else { return first }
    let base = output.picture ?? unconditional
    var sum = base
    if let pictureScale, output.picture != nil {
      sum = weightedSum(1 - pictureScale, unconditional, pictureScale, base)
    }
    if output.picture == nil, output.conditional.count == 1, output.conditional[0].weight == 1 {
      return weightedSum(1 - scale, unconditional, scale, first)
    }
    for part in output.conditional {
      let direction = weightedSum(1, part.values, -1, base)
      sum = weightedSum(1, sum, part.weight * scale, direction)
    }
    return sum
  }
}

/// What a model says about the same latents with and without the prompt.
package struct ModelOutput: Sendable {
  /// The output for the negative or empty prompt; nil when ``Guidance/needsUnconditional`` is false.
  package var unconditional: [Float]?
  /// The output for the prompt.
  package var conditional: [Float]

  package init(unconditional: [Float]? = nil, conditional: [Float]) {
    self.unconditional = unconditional
    self.conditional = conditional
  }
}

/// Classifier-free guidance: Ho & Salimans, "Classifier-free diffusion guidance" (2022), with the scale of diffusers.
///
/// At scale 1 the unconditional output cancels and need not be computed, as in ComfyUI. Scales from 0 to 1 blend, as in A1111
/// and ComfyUI; diffusers ignores them and leaves out the unconditional output for every scale up to 1.
package struct Guidance: Sendable, Hashable {
  package var scale: Float

  package init(scale: Float) {
    self.scale = scale
  }

  /// Whether the model must also run for the negative prompt.
  package var needsUnconditional: Bool { scale != 1 }

  /// The guided output `u + scale * (c - u)`.
  ///
  /// - Throws: ``SamplingError/missingUnconditional(scale:)``, or ``SamplingError/valueCount(_:expected:)`` where the two
  ///   outputs have different lengths.
  package func guided(_ output: ModelOutput) throws(SamplingError) -> [Float] {
    guard needsUnconditional else { return output.conditional }
    guard let unconditional = output.unconditional else { throw .missingUnconditional(scale: scale) }
    guard unconditional.count == output.conditional.count else {
      throw .valueCount(unconditional.count, expected: output.conditional.count)
    }
    return weightedSum(1 - scale, unconditional, scale, output.conditional)
  }
}

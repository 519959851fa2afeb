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
  /// How far the guided output's deviation goes back to that of the prompt's own, 0 to 1: Lin et al., "Common diffusion noise
  /// schedules and sample steps are flawed" (2023), section 3.4; diffusers' `guidance_rescale`, on the model's outputs.
  package var rescale: Float = 0
  /// The noise levels between which there is guidance, the lower one not included; nil is all of them: Kynkäänniemi et al.,
  /// "Applying guidance in a limited interval" (2024).
  package var interval: ClosedRange<Float>?
  /// The noise level below which every other call goes without guidance: A1111's "Negative Guidance minimum sigma".
  package var minimumSigma: Float = 0
  /// Whether the sampler steps by the unconditional estimate, and needs it at every scale: CFG++.
  package var keepsUnconditional = false

  package init(scale: Float, pictureScale: Float? = nil) {
    self.scale = scale
    self.pictureScale = pictureScale
  }

  /// Whether the model must also run for the negative prompt, in one call or another.
  package var needsUnconditional: Bool {
    keepsUnconditional || scale != 1 || pictureScale.map { $0 != 1 } ?? false
  }

  /// Whether a call has guidance.
  ///
  /// - Parameters:
  ///   - index: of the call in its run, from 0.
  package func isGuided(at sigma: Float, call index: Int) -> Bool {
    guard needsUnconditional else { return false }
    if let interval, !(interval.lowerBound < sigma && sigma <= interval.upperBound) { return false }
    return !(sigma < minimumSigma && index % 2 == 1)
  }

  /// Checks what a person chose.
  ///
  /// - Throws: ``SamplingError/invalidSetting(name:value:allowed:)``.
  package func validate() throws(SamplingError) {
    let values: [(String, Float, ClosedRange<Float>)] = [
      ("guidance rescale", rescale, 0...1), ("guidance minimum sigma", minimumSigma, 0...1e6),
      ("picture guidance scale", pictureScale ?? 1, 0...1000),
      ("guidance interval's start", interval?.lowerBound ?? 0, 0...1e6),
    ]
    for (name, value, range) in values where !(range ~= value) {
      throw .invalidSetting(name: name, value: "\(value)", allowed: "\(range.lowerBound) to \(range.upperBound)")
    }
  }

  /// The guided output `u + scale * sum(weight * (c - u))`; with a picture `u + pictureScale * (p - u) + scale * (c - p)`.
  ///
  /// - Throws: ``SamplingError/valueCount(_:expected:)`` where outputs have different lengths.
  package func guided(_ output: ModelOutput) throws(SamplingError) -> [Float] {
    let first = output.conditional.first?.values ?? []
    for values in output.conditional.map(\.values) + [output.unconditional, output.picture].compactMap({ $0 }) {
      guard values.count == first.count else { throw .valueCount(values.count, expected: first.count) }
    }
    guard let unconditional = output.unconditional else { return combined(output, first) }
    let base = output.picture ?? unconditional
    var sum = base
    if let pictureScale, output.picture != nil {
      sum = weightedSum(1 - pictureScale, unconditional, pictureScale, base)
    }
    let isSimple = output.picture == nil && output.conditional.count == 1 && output.conditional[0].weight == 1
    if isSimple {
      sum = weightedSum(1 - scale, unconditional, scale, first)
    } else {
      for part in output.conditional {
        sum = weightedSum(1, sum, part.weight * scale, weightedSum(1, part.values, -1, base))
      }
    }
    guard rescale > 0 else { return sum }
    return rescaled(sum, to: isSimple ? first : Self(scale: 1).guided(output, base: base))
  }

  /// What the prompt's parts say together without guidance: their mean by weight.
  private func combined(_ output: ModelOutput, _ first: [Float]) -> [Float] {
    let total = output.conditional.reduce(0) { $0 + $1.weight }
    guard output.conditional.count > 1, total > 0 else { return first }
    return output.conditional.dropFirst().reduce(scaled(first, by: output.conditional[0].weight / total)) {
      weightedSum(1, $0, $1.weight / total, $1.values)
    }
  }

  private func guided(_ output: ModelOutput, base: [Float]) -> [Float] {
    output.conditional.reduce(base) {
      weightedSum(1, $0, $1.weight * scale, weightedSum(1, $1.values, -1, base))
    }
  }

  /// The guided output with its deviation brought towards that of the prompt's own.
  private func rescaled(_ guided: [Float], to own: [Float]) -> [Float] {
    let (deviation, wanted) = (deviation(guided), deviation(own))
    guard deviation > 0, deviation.isFinite, wanted.isFinite else { return guided }
    return scaled(guided, by: Float(wanted / deviation) * rescale + 1 - rescale)
  }

  /// The deviation of all values, with n - 1.
  private func deviation(_ values: [Float]) -> Double {
    guard values.count > 1 else { return 0 }
    let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
    let squares = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return (squares / Double(values.count - 1)).squareRoot()
  }
}

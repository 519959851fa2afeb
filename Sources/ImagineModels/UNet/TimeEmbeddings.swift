package import ImagineGraph

/// Timesteps as sinusoids, then a small network (diffusers `Timesteps` and `TimestepEmbedding`).
package struct TimestepEmbedding {
  let linear1: Linear, linear2: Linear
  /// Adds a vector to the sinusoids, where there is one.
  let condition: Linear?
  let inputs: Int

  /// - Parameter condition: width of the vector that is added to the sinusoids; nil without one.
  package init(_ weights: Weights, in inputs: Int, out outputs: Int, condition: Int? = nil) {
    self.condition = condition.map { Linear(weights["cond_proj"], in: $0, out: inputs, bias: false) }
    linear1 = Linear(weights["linear_1"], in: inputs, out: outputs)
    linear2 = Linear(weights["linear_2"], in: outputs, out: outputs)
    self.inputs = inputs
  }

  /// timestep [N] and, for an embedding with one, condition [N, W] -> [N, out]
  package func callAsFunction(_ timestep: Tensor, condition vector: Tensor? = nil) -> Tensor {
    let sinusoids = timestep.timestepEmbedding(width: inputs)
    guard let condition, let vector else { return projected(sinusoids) }
    return projected(sinusoids.asActivation() + condition(vector.asActivation()))
  }

  /// The network alone: [N, in] -> [N, out]
  func projected(_ vectors: Tensor) -> Tensor { linear2(linear1(vectors.asActivation()).silu()) }
}

/// What Stable Diffusion XL's UNet is told beside the timestep (diffusers' `addition_embed_type` "text_time").
package struct AdditionEmbedding: Sendable, Hashable {
  /// Width of the prompt as a single vector.
  package var textWidth = 1280
  /// How many numbers describe the picture. Six: its original height and width, the crop's top and left, the height and
  /// width asked for. Five, in the refiner: the first four and an aesthetic score.
  package var timeIDs = 6
  /// Width of each of these numbers as sinusoids (diffusers' `addition_time_embed_dim`).
  package var timeIDWidth = 256

  package init() {}

  var inputs: Int { textWidth + timeIDs * timeIDWidth }
}

/// A prompt's vector and numbers that describe the picture, as a summand of the time embedding.
package struct TextTimeEmbedding {
  package struct Input {
    /// [N, textWidth]
    let text: Tensor
    /// [N, timeIDs]
    let timeIDs: Tensor

    package init(text: Tensor, timeIDs: Tensor) {
      self.text = text
      self.timeIDs = timeIDs
    }
  }

  let configuration: AdditionEmbedding
  let embedding: TimestepEmbedding

  package init(_ weights: Weights, _ configuration: AdditionEmbedding, out outputs: Int) {
    self.configuration = configuration
    embedding = TimestepEmbedding(weights, in: configuration.inputs, out: outputs)
  }

  /// -> [N, out]
  package func callAsFunction(_ input: Input) -> Tensor {
    let count = input.text.shape[0]
    let sinusoids = input.timeIDs.reshaped([count * configuration.timeIDs])
      .timestepEmbedding(width: configuration.timeIDWidth)
      .reshaped([count, configuration.timeIDs * configuration.timeIDWidth])
    return embedding.projected(input.text.concatenated(with: sinusoids, axis: 1))
  }
}

package import ImagineSampling

/// What the engine is asked to draw: everything settled but what the models say.
package struct PictureRequest: Sendable {
  /// Another model that goes on with the picture.
  package struct Refiner: Sendable {
    package let model: OpenedModel
    /// The share of the noise levels that the first model does, 0 to 1.
    package let start: Double

    package init(model: OpenedModel, start: Double) {
      self.model = model
      self.start = start
    }
  }

  package var prompt: String
  package var negativePrompt: String
  package var width: Int
  package var height: Int
  package var steps: Int
  package var guidanceScale: Float
  /// Of the first picture; picture k has seed + k.
  package var seed: UInt64
  package var count = 1
  package var method: SamplingMethod
  package var stream: RandomStream
  /// Which layer of the text encoders speaks, counted from the last, 1; nil is the model's own.
  package var clipSkip: Int?
  /// What a model that asks for it is told: the size of the picture that this one is cut from (nil: its own size), and
  /// where.
  package var originalSize: (width: Int, height: Int)?
  package var crop = (x: 0, y: 0)
  package var targetSize: (width: Int, height: Int)?
  package var refiner: Refiner?
  package var recordsTensors = false

  package init(
    prompt: String, negativePrompt: String, width: Int, height: Int, steps: Int, guidanceScale: Float, seed: UInt64,
    method: SamplingMethod, stream: RandomStream
  ) {
    self.prompt = prompt
    self.negativePrompt = negativePrompt
    self.width = width
    self.height = height
    self.steps = steps
    self.guidanceScale = guidanceScale
    self.seed = seed
    self.method = method
    self.stream = stream
  }
}

/// A second model that goes on with a picture, as Stable Diffusion XL's refiner does with its base model's.
public struct Refiner: Sendable, Hashable {
  /// The model, opened on the same engine as the first.
  public var pipeline: Pipeline
  /// The share of the noise that the first model takes away, 0...1: diffusers' `denoising_end`.
  public var start: Double

  public init(_ pipeline: Pipeline, start: Double = 0.8) {
    self.pipeline = pipeline
    self.start = start
  }
}

/// The corner of a picture that another one is cut from, in pixels.
public struct Crop: Sendable, Hashable {
  public var left: Int
  public var top: Int

  public init(left: Int, top: Int) {
    self.left = left
    self.top = top
  }
}

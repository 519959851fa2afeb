package import ImagineImage

/// What an engine reports while it draws.
package enum EngineEvent: Sendable {
  case notice(EngineNotice)
  /// Something else is being done from now on.
  case stage(EngineStage)
  /// A step of the picture with this index, from 0, was finished: `step` of `count`, from 1.
  case step(picture: Int, step: Int, count: Int)
  /// Of a picture that is made larger, so many windows are done.
  case tile(index: Int, count: Int)
  /// What the picture with this index is about to become, after a step of it.
  case preview(picture: Int, step: Int, image: RGBImage)
}

/// What is being done for a picture.
package enum EngineStage: Sendable, Hashable {
  /// Something is made ready: what it is, such as `UNet`, is for people.
  case preparing(String)
  case encoding
  case denoising
  case decoding
  /// A picture is made larger.
  case upscaling
}

/// A picture as the decoder leaves it.
package struct DrawnPicture: Sendable {
  /// [height, width, 3], around -1...1.
  package let pixels: [Float]
  package let width: Int
  package let height: Int
  package let seed: UInt64
  /// Of the noise that was mixed in; nil for none.
  package let variationSeed: UInt64?
  package let record: TensorRecorder?
}

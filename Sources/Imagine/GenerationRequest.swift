/// Everything that determines a picture, apart from the model.
///
/// What is nil is the model's own: `Pipeline.resolved(_:)` tells what that is.
public struct GenerationRequest: Sendable, Hashable {
  /// What to draw.
  public var prompt: String
  /// What to stay away from.
  public var negativePrompt = ""
  /// In pixels, each a multiple of 8.
  public var size: Size?
  /// How many times the denoiser runs, 1...1000.
  public var steps: Int?
  /// How strongly the prompt is followed: 1 not at all beyond the model's own mind, 7 as usual. Not negative.
  public var guidanceScale: Float?
  /// The start of the random stream; picture k of a batch has seed + k. Nil chooses one below 2^32 at random.
  public var seed: UInt64?
  public var sampler: Sampler?
  /// How noise levels are spaced; nil is the habit of the sampler, if one is chosen, else of the model.
  public var schedule: Schedule?
  /// Whose random numbers: those of torch on the CPU (ComfyUI, diffusers) or on a GPU (AUTOMATIC1111).
  public var randomSource = RandomSource.cpu
  /// Which layer of the text encoders speaks, counted from the last, which is 1 (AUTOMATIC1111's "Clip skip"). Nil is the
  /// model's own: 1 for Stable Diffusion 1, 2 for later ones.
  public var clipSkip: Int?
  /// Stable Diffusion XL: the size of the picture that this one is said to be cut from; nil is its own size.
  public var originalSize: Size?
  /// Stable Diffusion XL: where it is said to be cut out; nil is the corner.
  public var crop: Crop?
  /// Stable Diffusion XL: the size that it is said to be made for; nil is its own size.
  public var targetSize: Size?
  /// A model that goes on with the picture; nil for none.
  public var refiner: Refiner?
  /// How many pictures, one after another.
  public var count = 1
  /// Whether each picture carries its intermediate tensors, to compare with other programs.
  public var recordsTensors = false

  public init(
    prompt: String, size: Size? = nil, steps: Int? = nil, guidanceScale: Float? = nil, sampler: Sampler? = nil
  ) {
    self.prompt = prompt
    self.size = size
    self.steps = steps
    self.guidanceScale = guidanceScale
    self.sampler = sampler
  }
}

/// Everything that determines a picture, apart from the model.
///
/// Start from `Pipeline.recommendedRequest(prompt:)`, which carries the model's own defaults, and change what matters.
public struct GenerationRequest: Sendable, Hashable {
  /// What to draw. At most 75 tokens count; longer prompts are cut, and the pipeline says what was cut.
  public var prompt: String
  /// What to stay away from.
  public var negativePrompt = ""
  /// In pixels, each a multiple of 8.
  public var size: Size
  /// How many times the denoiser runs, 1...1000.
  public var steps: Int
  /// How strongly the prompt is followed: 1 not at all beyond the model's own mind, 7 as usual. Not negative.
  public var guidanceScale: Float
  /// The start of the random stream; picture k of a batch has seed + k. Nil chooses one below 2^32 at random.
  public var seed: UInt64?
  public var sampler: Sampler
  /// How noise levels are spaced; nil is the sampler's own habit.
  public var schedule: Schedule?
  /// Whose random numbers: those of torch on the CPU (ComfyUI, diffusers) or on a GPU (AUTOMATIC1111).
  public var randomSource = RandomSource.cpu
  /// How many pictures, one after another.
  public var count = 1
  /// Whether each picture carries its intermediate tensors, to compare with other programs.
  public var recordsTensors = false

  public init(
    prompt: String, size: Size = Size(width: 512, height: 512), steps: Int = 20, guidanceScale: Float = 7,
    sampler: Sampler = .euler
  ) {
    self.prompt = prompt
    self.size = size
    self.steps = steps
    self.guidanceScale = guidanceScale
    self.sampler = sampler
  }
}

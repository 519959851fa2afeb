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
  public var randomSource: RandomSource?
  /// The program whose picture is to be drawn again: what is left open is then as there.
  public var likeness: Likeness?
  /// What the sampler is told beside its name.
  public var samplerSettings = SamplerSettings()
  /// What guidance is told beside its scale.
  public var guidance = GuidanceSettings()
  /// Another seed's noise that is mixed in; nil for none.
  public var variation: Variation?
  /// The size of a picture whose noise is to be in the middle of this one's, so that the seed draws alike; nil for none.
  public var noiseSize: Size?
  /// Axes along which the picture goes on where it began.
  public var tiling = SeamlessTiling()
  /// A picture to begin from, in place of noise alone.
  public var initialImage: InitialImage?
  /// A second pass at a larger size; nil for none.
  public var hires: HiresFix?
  /// The language of the prompts; nil is AUTOMATIC1111's.
  public var promptSyntax: PromptSyntax?
  /// What weights in the prompts do; nil goes with the language.
  public var emphasis: Emphasis?
  /// Whether numbers in `[from:to:when]` count as in AUTOMATIC1111 before 1.6: those below 1 are shares of the steps, and each
  /// pass counts for itself.
  public var countsEditsAnew = false
  /// Stable Diffusion XL: what the second text encoder reads in place of the prompts; nil is the same.
  public var secondPrompt: String?
  public var secondNegativePrompt: String?
  /// Which layer of the text encoders speaks, counted from the last, which is 1 (AUTOMATIC1111's "Clip skip"). Nil is the
  /// model's own: 1 for Stable Diffusion 1, 2 for later ones.
  public var clipSkip: Int?
  /// Stable Diffusion XL: the size of the picture that this one is said to be cut from; nil is its own size.
  public var originalSize: Size?
  /// Stable Diffusion XL: where it is said to be cut out; nil is the corner.
  public var crop: Crop?
  /// Stable Diffusion XL: the size that it is said to be made for; nil is its own size.
  public var targetSize: Size?
  /// Stable Diffusion XL: the same sizes for the negative prompt; nil is as for the prompt.
  public var negativeOriginalSize: Size?
  public var negativeCrop: Crop?
  public var negativeTargetSize: Size?
  /// Stable Diffusion XL's refiner: how beautiful the picture is said to be, for the prompt and the negative one.
  /// Nil is 6 and 2.5.
  public var aestheticScore: Float?
  public var negativeAestheticScore: Float?
  /// What makes the finished picture larger; nil for nothing.
  public var upscaling: Upscaling?
  /// A model that goes on with the picture; nil for none.
  public var refiner: Refiner?
  /// Every how many steps a preview is reported; nil for none.
  public var previewInterval: Int?
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

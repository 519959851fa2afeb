package import ImagineModels
package import ImagineSampling
package import ImagineText

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
  package var guidance: Guidance
  /// Of the first picture; picture k has seed + k.
  package var seed: UInt64
  package var count = 1
  package var method: SamplingMethod
  package var stream: RandomStream
  /// Which layer of the text encoders speaks, counted from the last, 1; nil is the model's own.
  package var clipSkip: Int?
  /// How the prompts are read.
  package var syntax = PromptSyntax.a1111
  /// Whether the numbers of edits in the prompts count as in AUTOMATIC1111 before 1.6.
  package var countsEditsAnew = false
  /// What weights in a prompt do to its vectors.
  package var emphasis = Emphasis.original
  /// What the last of several text encoders reads in place of the prompts; nil is the same.
  package var secondPrompt: String?
  package var secondNegativePrompt: String?
  /// What a model that asks for it is told: the size of the picture that this one is cut from (nil: its own size), and
  /// where.
  package var originalSize: (width: Int, height: Int)?
  package var crop = (x: 0, y: 0)
  package var targetSize: (width: Int, height: Int)?
  /// The same for the negative prompt; nil is as for the prompt.
  package var negativeOriginalSize: (width: Int, height: Int)?
  package var negativeCrop: (x: Int, y: Int)?
  package var negativeTargetSize: (width: Int, height: Int)?
  package var aestheticScore: Float = 6
  package var negativeAestheticScore: Float = 2.5
  /// Whether an empty negative prompt of a model that takes zeros for it becomes zeros.
  package var zeroesEmptyNegative = true
  /// Whether the prompt and the negative one become equally long, by empty sequences behind the shorter one; otherwise each
  /// is run with its own length, as AUTOMATIC1111 and ComfyUI do.
  package var levelsPrompts = true
  /// The picture that it begins from; nil for noise alone.
  package var initial: InitialPicture?
  /// A second pass at a larger size.
  package var hires: HiresPass?
  /// Another seed, whose noise is mixed in.
  package var variation: (seed: UInt64, strength: Double)?
  /// The size of a picture whose noise is in the middle of this one's.
  package var noiseSize: (width: Int, height: Int)?
  /// What the program that it is to be like does with pictures.
  package var habits = PictureHabits()
  /// Axes along which the picture goes on where it began.
  package var tiling = SeamlessAxes()
  /// Every how many steps a preview is reported; nil for none.
  package var previewInterval: Int?
  package var refiner: Refiner?
  /// What makes finished pictures larger; who takes them does it.
  package var upscaler: OpenedUpscaler?
  package var recordsTensors = false
  /// Calls of the model in the pass of a hires fix before this one: prompts that change on the way go on counting.
  var callsBefore: Int?

  /// What goes beside the models.
  var parts: [OpenedPart] { [hires?.upscaler, upscaler].compactMap { $0?.part } }

  package init(
    prompt: String, negativePrompt: String, width: Int, height: Int, steps: Int, guidanceScale: Float, seed: UInt64,
    method: SamplingMethod, stream: RandomStream
  ) {
    self.prompt = prompt
    self.negativePrompt = negativePrompt
    self.width = width
    self.height = height
    self.steps = steps
    guidance = Guidance(scale: guidanceScale)
    self.seed = seed
    self.method = method
    self.stream = stream
  }
}

import ArgumentParser
import Imagine

/// What a single picture can be told beside prompt, size, steps, seed and sampler: on the command line for all, and in a line
/// of a prompt file for that line.
struct LineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Draw as another program would from the same seed and settings: \(Choices.sentence(Likeness.all.map(\.name))). Sets "
        + "what is left open: random numbers, first noise, steps with a picture, meaning of weights, rounding.",
      valueName: "name"), completion: .list(Likeness.all.map(\.name)),
    transform: { try Choices.named($0, Likeness.init(named:)) })
  var like: Likeness?

  @OptionGroup(title: "Picture to Change")
  var initialImage: InitialImageOptions

  @OptionGroup(title: "Second Pass")
  var hires: HiresOptions

  @OptionGroup(title: "Upscaling")
  var upscaling: UpscalingOptions

  @OptionGroup(title: "Noise")
  var noise: NoiseOptions

  @OptionGroup(title: "Sampling")
  var sampling: SamplerOptions

  @OptionGroup(title: "Prompt Language")
  var prompts: PromptOptions

  @OptionGroup(title: "Conditioning")
  var conditioning: ConditioningOptions

  /// - Parameters:
  ///   - pictures: those that were read before.
  ///   - recorded: how a picture was used that is now given again.
  /// - Throws: `ValidationError` for what does not belong together, `ImagineError` for files that are no pictures.
  func apply(
    to request: inout GenerationRequest, _ pictures: SourcePictures, _ recorded: RecordedChange? = nil
  ) throws {
    if let like { request.likeness = like }
    try hires.apply(to: &request, pictures.upscalers)
    try upscaling.apply(to: &request, pictures.upscalers)
    try noise.apply(to: &request)
    sampling.apply(to: &request)
    prompts.apply(to: &request)
    conditioning.apply(to: &request)
    try initialImage.apply(to: &request, pictures, recorded)
  }
}

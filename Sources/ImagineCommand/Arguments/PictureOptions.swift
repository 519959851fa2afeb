import ArgumentParser
import Imagine

/// What the picture is to be. Everything left out is the model's own default.
struct PictureOptions: ParsableArguments {
  @Option(
    name: .shortAndLong, parsing: .unconditional,
    help: ArgumentHelp("What to draw, for prompts that start with a dash or are a command's name.", valueName: "text"))
  var prompt: String?

  @Option(
    name: [.customShort("n"), .long, .customLong("negative")], parsing: .unconditional,
    help: ArgumentHelp("What to stay away from.", valueName: "text"))
  var negativePrompt: String?

  @Option(
    name: [.customShort("W"), .long],
    help: ArgumentHelp("Pixels, a multiple of 8. Default: the model's.", valueName: "pixels"))
  var width: Int?

  @Option(
    name: [.customShort("H"), .long],
    help: ArgumentHelp("Pixels, a multiple of 8. Default: the model's.", valueName: "pixels"))
  var height: Int?

  @Option(
    help: ArgumentHelp("Width and height at once, such as 512x768; one number is a square.", valueName: "WxH"),
    transform: { text in
      guard let size = Size(text) else { throw ValidationError("give a size such as 512x768") }
      return size
    })
  var size: Size?

  @Option(help: ArgumentHelp("How many denoising steps. Default: the model's.", valueName: "n"))
  var steps: Int?

  @Option(
    name: [.long, .customLong("cfg")], parsing: .unconditional,
    help: ArgumentHelp(
      "How strongly the prompt is followed; 1 leaves guidance out. Default: the model's.", valueName: "x"))
  var cfgScale: Float?

  @Option(
    name: .shortAndLong, parsing: .unconditional,
    help: ArgumentHelp(
      "The same seed gives the same picture; -1, the default, takes another each time. With --prompts it is that of "
        + "every line.", valueName: "n"),
    transform: { text in
      if text == "-1" { return .random }
      guard let seed = UInt64(text) else { throw ValidationError("give a whole number, or -1 for a random one") }
      return .fixed(seed)
    })
  var seed: PromptFileEntry.Seed?

  @Option(
    name: [.long, .customLong("sampling-method")],
    help: ArgumentHelp(
      "\(Choices.sentence(Sampler.all.map(\.name))). Names of other programs count too, also with a schedule: "
        + "\"DPM++ 2M Karras\". Default: the model's.", valueName: "name"),
    completion: .list(Sampler.all.map(\.name)), transform: SamplerChoice.init)
  var sampler: SamplerChoice?

  @Option(
    name: [.long, .customLong("scheduler")],
    help: ArgumentHelp(
      "How noise levels are spaced: \(Choices.sentence(Schedule.all.map(\.name) + ["automatic"])). Default: automatic, the "
        + "sampler's habit.", valueName: "name"),
    completion: .list(Schedule.all.map(\.name) + ["automatic"]),
    transform: { try Choices.named($0, ScheduleChoice.init) })
  var schedule: ScheduleChoice?

  @Option(
    help: ArgumentHelp(
      "Whose random numbers: \(Choices.sentence(RandomSource.all.map(\.name))). cpu draws as ComfyUI and diffusers do, "
        + "cuda as AUTOMATIC1111. Default: cpu; that of --like.", valueName: "name"),
    completion: .list(RandomSource.all.map(\.name)), transform: { try Choices.named($0, RandomSource.init(named:)) })
  var rng: RandomSource?

  @Option(
    name: [.customShort("b"), .long, .customLong("count")],
    help: ArgumentHelp("How many pictures, with seeds one after another. Default: 1.", valueName: "n"))
  var batchCount: Int?

  @OptionGroup
  var line: LineOptions

  @OptionGroup
  var refiner: RefinerOptions

  func validate() throws {
    if size != nil, width != nil || height != nil {
      throw ValidationError(
        "--size sets width and height, and --width or --height one of them again: give one or the other.")
    }
    if steps != nil, line.sampling.sigmas != nil {
      throw ValidationError("--sigmas says the steps, too: leave out --steps.")
    }
    if let batchCount, !(1...100_000 ~= batchCount) {
      throw ValidationError("\(batchCount) pictures are not possible: choose a --batch-count of 1 to 100000.")
    }
  }

  /// A request with what was given in its place. The seed stays nil if none was given.
  ///
  /// - Parameters:
  ///   - usual: the model's own size, for a side that is not given.
  ///   - pictures: those that were read before.
  ///   - recorded: how a picture was used that is now given again.
  /// - Throws: `ValidationError` for what does not belong together, `ImagineError` for files that are no pictures.
  func applied(
    to defaults: GenerationRequest, usual: Size, _ pictures: SourcePictures, _ recorded: RecordedChange? = nil
  ) throws -> GenerationRequest {
    var request = defaults
    try line.apply(to: &request, pictures, recorded)
    if let negativePrompt { request.negativePrompt = negativePrompt }
    if let size { request.size = size }
    request.resize(width: width, height: height, usual: usual)
    if let steps { request.steps = steps }
    if let cfgScale { request.guidanceScale = cfgScale }
    if let sampler { request.sampler = sampler.sampler }
    request.schedule = ScheduleChoice.settled(
      schedule, sampler: sampler?.schedule, otherwise: sampler == nil ? request.schedule : nil)
    if let rng { request.randomSource = rng }
    if let batchCount { request.count = batchCount }
    if case .fixed(let seed) = seed { request.seed = seed }
    return request
  }
}

/// A sampler as people name it, some with a schedule.
struct SamplerChoice {
  let sampler: Sampler
  let schedule: Schedule?

  init(_ name: String) throws {
    (sampler, schedule) = try Choices.named(name, Sampler.named)
  }
}

/// Lists of names, for help and for errors.
enum Choices {
  /// `a, b or c`
  static func sentence(_ names: [String]) -> String {
    guard let last = names.last, names.count > 1 else { return names.joined() }
    return names.dropLast().joined(separator: ", ") + " or " + last
  }

  /// All of a kind: `a, b or c`
  static func sentence<Choice: RawRepresentable<String> & CaseIterable>(of _: Choice.Type) -> String {
    sentence(Choice.allCases.map(\.rawValue))
  }

  /// What an option's word stands for; raw values are in small letters.
  static func byRawValue<Choice: RawRepresentable<String> & CaseIterable>(_ name: String) throws -> Choice {
    try requireName(name)
    guard let choice = Choice(rawValue: name.lowercased()) else {
      throw ValidationError("choose \(sentence(of: Choice.self)).")
    }
    return choice
  }

  /// - Throws: `ValidationError` for what is too long to be the name of anything.
  static func requireName(_ name: String) throws {
    guard name.utf8.count <= 200 else { throw ValidationError("it is too long to be a name.") }
  }

  /// What a name stands for; the library's sentence on an unknown one is kept.
  static func named<Choice>(_ name: String, _ find: (String) throws -> Choice) throws -> Choice {
    try requireName(name)
    do { return try find(name) } catch let error as ImagineError { throw ValidationError(error.message) }
  }
}

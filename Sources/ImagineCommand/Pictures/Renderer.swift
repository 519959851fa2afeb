import Foundation
import Imagine
import ImagineFiles

/// Draws what the command line asks for: one model, one picture after another.
struct Renderer {
  private let command: DrawingOrder
  private let display: Display
  private let place: OutputPlace
  private let file: PromptFile?
  private let dump: TensorDump?
  private let pictures: SourcePictures
  private let preview: PreviewFile?
  private var failures = 0
  private var skipped = 0
  private var drawn = 0
  /// What was said, by its bytes: text may be very long to compare.
  private var notices: Set<[UInt8]> = []

  /// The most pictures that one run draws.
  static let mostPictures = 100_000

  /// Checks all that can be checked before the model is opened.
  ///
  /// - Parameter pictures: those that were read before.
  init(_ command: DrawingOrder, _ display: Display, _ pictures: SourcePictures = SourcePictures()) throws {
    self.command = command
    self.pictures = pictures
    self.display = display
    let several =
      command.output.prompts != nil || command.picture.batchCount ?? 1 > 1 || command.isOneOfSeveral
    place = try OutputPlace(
      command.output.output, severalPictures: several, format: command.output.format ?? .png)
    preview = try command.output.preview.preview.map(PreviewFile.init)
    dump = try command.output.dumpTensors.map(TensorDump.init(path:))
    let paths = command.picture.line.initialImage.paths
    if command.output.prompts == "-", paths.contains("-") {
      throw CommandFailure.usage(
        "The standard input cannot hold both prompts and a picture: name a file for one of them.")
    }
    for path in paths { _ = try pictures.picture(path) }
    file = try command.output.prompts.map(PromptFile.init(path:))
  }

  /// - Throws: `CommandFailure` if any line of a prompt file failed, when the others are drawn.
  mutating func run() async throws {
    if let file {
      for warning in file.warnings { display.note("\(warning)") }
      for problem in file.problems { display.error("\(problem)") }
      failures = file.problems.count
      if file.entries.isEmpty, file.problems.isEmpty { display.note("The prompt file holds no prompts.") }
    }
    if file?.entries.isEmpty != true {
      let models = try await open()
      if let file { try await draw(file, with: models) } else { try await drawOne(with: models) }
      display.finish(skipped: skipped, failed: failures)
    }
    if failures > 0 { throw CommandFailure.failure() }
  }

  private func open() async throws -> DrawingModels {
    let url = command.files?.model
    if url == nil {
      display.note(
        """
        Drawing with the built-in demonstration model: it is small and knows little more than simple scenes like \
        "a red house under a yellow sun".
        For real pictures give a Stable Diffusion model: --model file.safetensors, or \
        \(EngineOptions.modelVariable)=file.safetensors.
        """)
    }
    display.loading(url?.lastPathComponent ?? "the demonstration model")
    let start = ContinuousClock.now
    let models = try await DrawingModels(command, display)
    let pipeline = models.pipeline
    display.detail("\(pipeline.report)")
    if let refiner = models.refiner { display.detail("refined by \(refiner.pipeline.report)") }
    display.detail("device \(pipeline.deviceName), precision \(pipeline.precision.rawValue)")
    display.detail("opened in \(Wording.duration(start.duration(to: .now)))")
    return models
  }

  // MARK: One request

  private mutating func drawOne(with models: DrawingModels) async throws {
    let pipeline = models.pipeline
    var request = pipeline.resolved(try models.request(command, pictures))
    if command.varies { request.seed = nil }
    var name: String?
    if case .file(_, let given) = place { name = given }
    try pipeline.validate(request, for: try format(of: name))
    let folder = try PictureFolder(place)
    display.start(pictures: request.count, steps: request.stepCount * request.count, most: Self.mostPictures)
    for job in try PictureJob.jobs(request, name: name, format: command.output.format ?? .png) {
      try Task.checkCancellation()
      do { try await draw(job, into: folder, with: pipeline) } catch let failure as PictureFolder.Failure {
        throw ImagineError(.unwritableOutput, failure.message)
      }
    }
  }

  /// The format whose room for settings counts; nil where none are written.
  ///
  /// - Parameter name: of the file; nil where it gets one of its own.
  private func format(of name: String?) throws -> PictureFormat? {
    guard !command.output.noMetadata else { return nil }
    let name = name ?? FileFormat.completed("", command.output.format ?? .png)
    return try PictureFormat(fileName: name, quality: command.output.quality)
  }

  // MARK: A prompt file

  private mutating func draw(_ file: PromptFile, with models: DrawingModels) async throws {
    let base = try models.request(command, pictures), pipeline = models.pipeline
    let entries = possible(file.entries, base, models)
    guard !entries.isEmpty else { return }
    let folder = try PictureFolder(place)
    let total = try entries.reduce((pictures: 0, steps: 0)) { sum, entry in
      let request = try pipeline.resolved(entry.applied(to: base, usual: models.usualSize, pictures))
      return (sum.pictures + request.count, sum.steps + request.count * request.stepCount)
    }
    if total.pictures > Self.mostPictures {
      display.note(
        "The prompt file asks for \(total.pictures) pictures; this run draws the first \(Self.mostPictures) that are "
          + "missing.")
    }
    display.start(pictures: total.pictures, steps: total.steps, most: Self.mostPictures)
    // Pictures that another run has claimed: it may end before they are drawn.
    var claimed: [PictureJob] = []
    lines: for entry in entries {
      let request = try pipeline.resolved(entry.applied(to: base, usual: models.usualSize, pictures))
      for job in PictureJob.jobs(
        entry, request, seed: command.picture.seed, model: models.signature,
        format: command.output.format ?? .png)
      {
        try Task.checkCancellation()
        guard drawn < Self.mostPictures else { break lines }
        if try await !drawUnlessClaimed(job, into: folder, with: pipeline) { claimed.append(job) }
      }
    }
    for job in claimed where folder.kind(of: job) == nil {
      try Task.checkCancellation()
      if try await !drawUnlessClaimed(job, into: folder, with: pipeline) {
        display.note("left to another run: \(folder.path(of: job))")
      }
    }
  }

  /// The lines that can be drawn; the others are reported before the first picture.
  private mutating func possible(
    _ entries: [PromptFileEntry], _ base: GenerationRequest, _ models: DrawingModels
  ) -> [PromptFileEntry] {
    entries.filter { entry in
      do {
        if entry.refinerStart != nil, base.refiner == nil {
          throw PromptFileError("--refiner-start needs a --refiner on the command line.")
        }
        try models.pipeline.validate(
          entry.applied(to: base, usual: models.usualSize, pictures), for: try format(of: entry.output?.name))
        return true
      } catch let error as ImagineError {
        fail(entry.line, Wording.message(error.message, error.remedies))
        return false
      } catch {
        fail(entry.line, "\(error)")
        return false
      }
    }
  }

  /// Draws one picture of a prompt file. What is wrong with it does not stop the others, unless it is the folder or the
  /// disk.
  ///
  /// - Returns: false if another run is drawing it.
  private mutating func drawUnlessClaimed(
    _ job: PictureJob, into folder: PictureFolder, with pipeline: Pipeline
  ) async throws -> Bool {
    do {
      if try skip(job, in: folder) { return true }
      guard let claim = try folder.claim(job) else {
        display.skipPicture(steps: job.request.stepCount)
        return false
      }
      // It may have been finished between the look and the claim.
      if try !skip(job, in: folder) { try await draw(job, into: folder, with: pipeline) }
      withExtendedLifetime(claim) {}
    } catch let failure as PictureFolder.Failure {
      guard !failure.endsRun else { throw ImagineError(.unwritableOutput, failure.message) }
      fail(job.line, failure.message)
    } catch let error as ImagineError {
      fail(job.line, Wording.message(error.message, error.remedies))
    }
    return true
  }

  /// Whether there is nothing to do for a picture.
  private mutating func skip(_ job: PictureJob, in folder: PictureFolder) throws -> Bool {
    switch folder.kind(of: job) {
    case nil: return false
    case .folder:
      throw PictureFolder.Failure(
        message: "'\(folder.path(of: job))' is a folder: give the line another --output.", endsRun: false)
    case .file, .other:
      skipped += 1
      display.skipPicture(steps: job.request.stepCount)
      display.note("skipped, exists: \(folder.path(of: job))")
      return true
    }
  }

  private mutating func fail(_ line: Int?, _ message: String) {
    failures += 1
    display.forgetPicture()
    display.error(line.map { "line \($0): \(message)" } ?? message)
  }

  // MARK: One picture

  private mutating func draw(_ job: PictureJob, into folder: PictureFolder, with pipeline: Pipeline) async throws {
    let image = try await image(job, pipeline)
    try Task.checkCancellation()
    noteOtherModel(image)
    let format = try PictureFormat(fileName: job.path.name, quality: command.output.quality)
    let bytes = try image.encoded(as: format, metadata: !command.output.noMetadata)
    let outcome = try folder.write(bytes, job, isUnique: job.line != nil)
    drawn += 1
    if let tensors = image.tensors { try dump?.write(tensors) }
    display.show(image.size, image.pixels, isFinished: true)
    try display.saved(outcome, job, image.size)
    if outcome == .isThere {
      skipped += 1
      display.note("skipped, exists: \(folder.path(of: job))")
    }
  }

  /// A picture that is drawn again may have come from another file of the model's name.
  private mutating func noteOtherModel(_ image: GeneratedImage) {
    guard let wanted = command.recorded?.modelHash,
      let found = RecordedSettings(parameters: image.parameters).modelHash, found != wanted
    else { return }
    let message = "The picture was drawn with a model whose hash is \(wanted); this model's is \(found)."
    if notices.insert(Array(message.utf8)).inserted { display.note(message) }
  }

  /// Shows what a picture is about to become.
  private mutating func show(_ image: PreviewImage) throws {
    display.show(image.size, image.pixels, isFinished: false)
    guard let preview, let problem = preview.show(try image.png()) else { return }
    if notices.insert(Array(problem.utf8)).inserted { display.note(problem) }
  }

  private mutating func image(_ job: PictureJob, _ pipeline: Pipeline) async throws -> GeneratedImage {
    display.picture(job.request)
    var result: GeneratedImage?
    for try await event in pipeline.generate(job.request) {
      switch event {
      case .notice(let notice):
        let message = Wording.message(notice.message, notice.remedies)
        let text = job.line.map { "line \($0): \(message)" } ?? message
        if notices.insert(Array(text.utf8)).inserted { display.note(text) }
      case .stage(let stage): display.stage(stage)
      case .step(let step): display.step(step.index, of: step.count)
      case .upscaling(let progress): display.upscaling(progress)
      case .preview(let image): try show(image)
      case .image(let image): result = image
      }
    }
    guard let result else { throw CommandFailure.failure() }
    return result
  }
}

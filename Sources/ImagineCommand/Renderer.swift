import Foundation
import Imagine

/// Draws what the command line asks for: one model, one picture after another.
struct Renderer {
  private let command: RenderCommand
  private let display: Display
  private let place: OutputPlace
  private let file: PromptFile?
  private var failures = 0
  private var skipped = 0
  private var notices: Set<String> = []

  /// Checks all that can be checked before the model is opened.
  init(_ command: RenderCommand, _ display: Display) throws {
    self.command = command
    self.display = display
    let several = command.output.prompts != nil || command.picture.batchCount ?? 1 > 1
    place = try OutputPlace(command.output.output, severalPictures: several)
    if let path = command.output.dumpTensors, FileManager.default.fileExists(atPath: path) {
      throw CommandFailure(
        status: CommandLineProgram.Status.usage,
        message: "The file '\(path)' exists: give --dump-tensors another name.")
    }
    file = try command.output.prompts.map { path in
      path == "-"
        ? try PromptFile(reading: .standardInput, name: "on the standard input")
        : try PromptFile(contentsOf: URL(filePath: path))
    }
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
      let pipeline = try await open()
      let jobs = try possible(jobs(for: pipeline), pipeline)
      display.start(jobs.filter { !$0.isDone }.map(\.request.steps))
      for job in jobs { try await draw(job, with: pipeline) }
      display.finish(skipped: skipped, failed: failures)
    }
    if failures > 0 { throw CommandFailure(status: CommandLineProgram.Status.failure) }
  }

  private func open() async throws -> Pipeline {
    let url = command.engine.modelURL()
    if url == nil {
      display.note(
        """
        Drawing with the built-in demonstration model: it is small and knows little more than simple scenes like \
        "a red house under a yellow sun".
        For real pictures give a Stable Diffusion 1.x model: --model file.safetensors, or \
        \(EngineOptions.modelVariable)=file.safetensors.
        """)
    }
    display.loading(url?.lastPathComponent ?? "the demonstration model")
    let start = ContinuousClock.now
    let pipeline = try await Pipeline.opened(url, options: command.engine.options(display))
    display.detail("\(pipeline.report)")
    display.detail("device \(pipeline.deviceName), precision \(pipeline.precision.rawValue)")
    display.detail("opened in \(Wording.duration(start.duration(to: .now)))")
    return pipeline
  }

  private func jobs(for pipeline: Pipeline) -> [PictureJob] {
    var base = command.picture.applied(to: pipeline.recommendedRequest(prompt: command.prompt ?? ""))
    base.recordsTensors = command.output.dumpTensors != nil
    guard let file else { return PictureJob.jobs(base, in: place) }
    guard case .folder(let folder) = place else { return [] }
    return file.entries.flatMap { entry in
      PictureJob.jobs(entry, base: base, seed: command.picture.seed, model: pipeline.report.name, in: folder)
    }
  }

  /// The pictures that can be drawn; impossible lines of a prompt file are reported before the first picture.
  private mutating func possible(_ jobs: [PictureJob], _ pipeline: Pipeline) throws -> [PictureJob] {
    try jobs.filter { job in
      do {
        try pipeline.validate(job.request)
        return true
      } catch let error as ImagineError {
        guard let line = job.line else { throw error }
        failures += 1
        display.error("line \(line): \(error.message)")
        return false
      }
    }
  }

  /// Draws one picture. In a prompt file, what is wrong with one line does not stop the others.
  private mutating func draw(_ job: PictureJob, with pipeline: Pipeline) async throws {
    try Task.checkCancellation()
    if job.isDone {
      skipped += 1
      display.note("skipped, exists: \(job.path)")
      return
    }
    do {
      let image = try await image(job, pipeline)
      try Task.checkCancellation()
      let path = try job.write(image, metadata: !command.output.noMetadata)
      if let dump = command.output.dumpTensors { try image.tensors?.write(to: URL(filePath: dump)) }
      let wanted = place == .file(job.path) ? job.path : path
      try display.saved(path, insteadOf: wanted, job.request, job.seed)
    } catch let error as ImagineError {
      guard let line = job.line, error.code != .unwritableOutput else { throw error }
      failures += 1
      display.skipPicture()
      display.error("line \(line): \(error.message)")
    }
  }

  private mutating func image(_ job: PictureJob, _ pipeline: Pipeline) async throws -> GeneratedImage {
    display.picture(job.request)
    var result: GeneratedImage?
    for try await event in pipeline.generate(job.request) {
      switch event {
      case .notice(let text):
        let notice = job.line.map { "line \($0): \(text)" } ?? text
        if notices.insert(notice).inserted { display.note(notice) }
      case .step(let step): display.step(step.index, of: step.count)
      case .image(let image): result = image
      }
    }
    guard let result else { throw CommandFailure(status: CommandLineProgram.Status.failure) }
    return result
  }
}

import ArgumentParser
import Foundation
import Imagine

/// `imagine again picture.png`: draws a picture from the settings in its file.
struct AgainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "again",
    abstract: "Draw a picture again from the settings in its file.",
    usage: "imagine again <picture> ... [options]",
    discussion: """
      Reads what AUTOMATIC1111, ComfyUI, stable-diffusion.cpp and imagine write into PNG, JPEG and WebP files. What this \
      version cannot do of it is listed. Every option given here takes the place of what the file says.

      The model is the one of --model; else the file of the name or hash that the picture tells, in the folders of \
      --models, of IMAGINE_MODELS, those that imagine list looks into, or beside the model of IMAGINE_MODEL. There LoRAs, \
      ControlNets, IP-Adapters and upscalers are found by their names, too; what a ControlNet or IP-Adapter looked at is in \
      no file, and is given again with --control-image or --ip-image.

      EXAMPLES:
        imagine again lighthouse.png
        imagine again lighthouse.png --vary -b 4
        imagine again webui.png --models ~/models --steps 40
        imagine again guided.png --control-image house.png
      """)

  @Argument(help: ArgumentHelp("Pictures.", valueName: "picture"))
  var files: [String]

  @Flag(help: "Take another seed.")
  var vary = false

  @Flag(name: [.customLong("settings")], help: "Show the settings, and draw nothing.")
  var showsSettings = false

  @OptionGroup(title: "Picture Options")
  var picture: PictureOptions

  @OptionGroup(title: "Model Options")
  var engine: EngineOptions

  @OptionGroup(title: "Output Options")
  var output: OutputOptions

  func validate() throws {
    if output.prompts != nil { throw ValidationError("--prompts is for imagine without again: leave it out.") }
    if output.dumpTensors != nil, files.count > 1 || picture.batchCount ?? 1 > 1 {
      throw ValidationError("--dump-tensors records one picture: give one, and leave out --batch-count.")
    }
    if output.estimate { throw ValidationError("--estimate is for imagine without again: leave it out.") }
  }

  func run() async throws {
    let display = Display(verbosity: output.verbosity, previews: output.preview)
    defer { display.close() }
    let recorded = try files.map { try RecordedSettings(pictureAt: URL(literalPath: $0)) }
    guard !showsSettings else {
      for (file, settings) in zip(files, recorded) { tell(settings, file, display) }
      for settings in recorded { try StandardOutput.show("\(settings)\n") }
      return
    }
    try await Interruption.handled(telling: display) {
      let pictures = SourcePictures(), library = try library()
      for (file, settings) in zip(files, recorded) {
        let settings = try await withAdapters(settings, file, library, display)
        tell(settings, file, display)
        var renderer = try Renderer(
          DrawingOrder(self, settings, files: try await model(of: settings, file, library, display), library), display,
          pictures)
        try await renderer.run()
      }
    }
  }

  /// Says what a picture tells of and what is not done of it.
  private func tell(_ settings: RecordedSettings, _ file: String, _ display: Display) {
    let given = picture.line.initialImage
    for sentence in settings.unhonoured(givenPicture: given.path != nil, givenMask: given.mask != nil) {
      display.note("\(file): \(sentence)")
    }
  }

  /// The same with the files of what stands beside its model, as far as the folders of models have them.
  private func withAdapters(
    _ settings: RecordedSettings, _ file: String, _ library: ModelLibrary, _ display: Display
  ) async throws -> RecordedSettings {
    var settings = settings.without(givenOf: picture.line)
    guard settings.hasAdapters else { return settings }
    display.loading("the names of models")
    try findGuides(of: &settings, file, library, display)
    for upscaler in settings.upscalers {
      guard let found = try library.file(named: upscaler.name, .upscaler) else {
        display.note("There is no upscaler '\(upscaler.name)' in the folders of models.")
        continue
      }
      settings.use(found, for: upscaler)
    }
    for embedding in settings.embeddings {
      guard let found = try await library.embedding(named: embedding.name, hash: embedding.hash) else { continue }
      if embedding.hash != nil, !found.hasHash {
        display.note("\(file) was drawn with another file of the textual inversion \(embedding.name).")
      }
      settings.use(found.file, forEmbedding: embedding)
    }
    for lora in settings.loras {
      guard let found = try await library.lora(named: lora.name, hash: lora.hash) else {
        if settings.request.loras.contains(where: { $0.name == lora.name }) {
          display.note(
            "\(file) was drawn with the LoRA '\(lora.name)', which is in no folder of models: it is left out.")
          settings.leaveOut(lora)
        }
        continue
      }
      if lora.hash != nil, !found.hasHash {
        display.note("\(file) was drawn with another file of the LoRA \(lora.name).")
      }
      settings.use(found.file, for: lora)
    }
    return settings
  }

  /// Finds the networks that guided a picture, where there is something for them to look at.
  private func findGuides(
    of settings: inout RecordedSettings, _ file: String, _ library: ModelLibrary, _ display: Display
  ) throws {
    let line = picture.line
    for guide in settings.guides {
      let isControl = guide.kind == .controlNet, option = isControl ? "--control-image" : "--ip-image"
      let hasPicture =
        isControl ? !line.control.paths.isEmpty || line.initialImage.path != nil : !line.imagePrompt.paths.isEmpty
      let found = try library.file(named: guide.name, guide.kind)
      if let found, hasPicture {
        let encoder = try guide.encoder.flatMap { try library.file(named: $0, .imageEncoder) }
        settings.use(found, for: guide, encoder: encoder)
        continue
      }
      settings.guides.removeAll { $0 == guide }
      let name = "\(file) was guided through the \(guide.kind.name) '\(guide.name)'"
      display.note(
        found == nil
          ? "\(name), which is in no folder of models: name its file and its picture to draw the same."
          : "\(name) by a picture that is not in the file: give it again with \(option) to draw the same.")
    }
  }

  /// The model that a picture is drawn with.
  private func model(
    of settings: RecordedSettings, _ file: String, _ library: ModelLibrary, _ display: Display
  ) async throws -> ModelFiles? {
    if engine.model != nil || engine.parts.unet != nil { return engine.modelFiles() }
    let wanted = settings.modelName.map { "'\($0)'" } ?? settings.modelHash.map { "of hash \($0)" }
    guard let wanted else {
      display.note("\(file) does not say which model drew it.")
      return engine.modelFiles()
    }
    display.loading("the names of models")
    if let url = try await library.checkpoint(named: settings.modelName, hash: settings.modelHash) {
      return engine.parts.applied(to: url)
    }
    if settings.program == "imagine", settings.modelName == Self.demonstration { return nil }
    if let files = engine.modelFiles() {
      display.note(
        "\(file) was drawn with the model \(wanted), which is in no folder of models: \(EngineOptions.modelVariable)'s "
          + "is taken.")
      return files
    }
    throw CommandFailure.usage(
      "'\(file)' was drawn with the model \(wanted): name its file with --model, or its folder with --models.")
  }

  private static let demonstration = "demonstration"

  /// Where models are looked for: beside the model of every day, too.
  private func library() throws -> ModelLibrary {
    var library = try engine.library.library()
    if let model = engine.modelFiles()?.model, FileManager.default.fileExists(atPath: model.path(percentEncoded: false))
    {
      library.folders.append(ModelLibrary.Folder(model.deletingLastPathComponent()))
    }
    return library
  }
}

extension RecordedSettings {
  /// Whether there is something to look for in the folders of models.
  fileprivate var hasAdapters: Bool {
    !loras.isEmpty || !embeddings.isEmpty || !guides.isEmpty || !upscalers.isEmpty
  }

  /// The same without that for which the command line names something else.
  fileprivate func without(givenOf line: LineOptions) -> RecordedSettings {
    var settings = self
    settings.guides.removeAll {
      $0.kind == .controlNet ? !line.control.control.isEmpty : !line.imagePrompt.ipAdapter.isEmpty
    }
    settings.upscalers.removeAll {
      $0.isOfSecondPass ? line.hires.hiresUpscaler != nil : line.upscaling.upscale != nil
    }
    return settings
  }
}

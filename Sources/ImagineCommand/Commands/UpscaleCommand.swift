import ArgumentParser
import Foundation
import Imagine
import ImagineFiles

/// `imagine upscale photo.jpg --model x4.pth`: makes pictures larger.
struct UpscaleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upscale", _superCommandName: "imagine",
    abstract: "Make pictures larger with an upscaler.",
    usage: "imagine upscale <picture> ... --model <upscaler> [options]",
    discussion: """
      Upscalers are ESRGAN and Real-ESRGAN (x1 to x8), Compact (realesr-general, animevideo) and SwinIR, as .safetensors or \
      .pth. Another scale than the upscaler's own is reached by it, three times at most, and then exactly by a Lanczos filter.

      The path of each picture is printed on the standard output. What its file says of how it was drawn is kept, and so is \
      transparency, but not in a JPEG. An existing file is never overwritten.

      EXAMPLES:
        imagine upscale photo.jpg -m realesrgan-x4plus.pth
        imagine upscale photo.jpg -m realesrgan-x4plus.pth --scale 2 -o larger.png
        imagine upscale *.png -m ultrasharp -o larger      by its name in the folders of models
      """)

  @Argument(help: ArgumentHelp("Pictures: PNG, JPEG or WebP.", valueName: "picture"), completion: .file())
  var files: [String]

  @OptionGroup(title: "Picture Options")
  var picture: UpscaleOptions

  @OptionGroup(title: "Model Options")
  var engine: EngineOptions

  func validate() throws {
    guard engine.model != nil else { throw ValidationError("Name the upscaler's file with --model.") }
    if let part = engine.parts.given { throw ValidationError("\(part) is about a model that draws: leave it out.") }
    if files.contains(where: \.isEmpty) { throw ValidationError("A path is empty: name a picture.") }
  }

  func run() async throws {
    let display = Display(verbosity: picture.verbosity)
    defer { display.close() }
    let place = try OutputPlace(
      picture.output, severalPictures: files.count > 1, format: picture.format ?? .png)
    let pictures = SourcePictures()
    // What is no picture should not have to wait for a model.
    if let first = files.first { _ = try pictures.picture(first) }
    try await Interruption.handled(telling: display) {
      try await enlarge(pictures, into: place, display)
    }
  }

  private func enlarge(_ pictures: SourcePictures, into place: OutputPlace, _ display: Display) async throws {
    guard let model = engine.model else { return }
    display.loading(FileName.split(model).name)
    let library = try engine.library.library(), file = try await library.find(model, .upscaler)
    pictures.upscalers.use(try Engine(engine.options(display)), library)
    let upscaler = try pictures.upscalers.upscaler(file.path(percentEncoded: false))
    display.detail("\(upscaler.architecture), \(upscaler.scale) times as large, on \(upscaler.engine.deviceName)")
    let folder = try PictureFolder(place)
    display.start(pictures: files.count, steps: 0, most: files.count)
    var failures = 0
    for file in files {
      do {
        try await enlarge(file, pictures, upscaler, into: folder, place, display)
      } catch let error as ImagineError where files.count > 1 {
        failures += 1
        display.forgetPicture()
        display.error("\(file): \(Wording.message(error.message, error.remedies))")
      } catch let failure as PictureFolder.Failure {
        throw ImagineError(.unwritableOutput, failure.message)
      }
    }
    display.finish(skipped: 0, failed: failures)
    if failures > 0 { throw CommandFailure.failure() }
  }

  private func enlarge(
    _ file: String, _ pictures: SourcePictures, _ upscaler: UpscalerModel, into folder: PictureFolder,
    _ place: OutputPlace, _ display: Display
  ) async throws {
    try Task.checkCancellation()
    let source = try pictures.picture(file)
    display.enlarging()
    let events =
      picture.size.map { upscaler.upscale(source, to: $0) } ?? upscaler.upscale(source, scale: picture.scale)
    var result: UpscaledImage?
    for try await event in events {
      switch event {
      case .notice(let notice): display.note(Wording.message(notice.message, notice.remedies))
      case .stage(let stage): display.stage(stage)
      case .progress(let progress): display.upscaling(progress)
      case .image(let image): result = image
      }
    }
    guard let image = result else { throw CommandFailure.failure() }
    let name = try RelativePath(picture.name(of: file, upscaler, in: place))
    let format = try PictureFormat(fileName: name.name, quality: picture.quality)
    if image.alpha != nil, FileFormat.jpg.endings.contains(where: { name.name.hasSuffix(ignoringCase: $0) }) {
      display.note("\(file) is transparent in part, which a JPEG cannot be: it is laid on white.")
    }
    let job = PictureJob(request: GenerationRequest(prompt: ""), seed: 0, path: name, line: nil)
    let bytes = try image.encoded(as: format, metadata: !picture.noMetadata)
    try display.enlarged(folder.write(bytes, job, isUnique: false), image.size)
  }
}

/// What becomes of pictures that are made larger.
struct UpscaleOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("How many times larger each side becomes. Default: the upscaler's own scale.", valueName: "x"))
  var scale: Double?

  @Option(
    help: ArgumentHelp("The size to come to, whatever the proportions are.", valueName: "WxH"),
    transform: { text in
      guard let size = Size(text) else { throw ValidationError("give a size such as 2048x1536") }
      return size
    })
  var size: Size?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The file to write, or a folder to write into; of several pictures always a folder. Default: the picture's name and "
        + "the scale, in the current folder.", valueName: "path"), completion: .file())
  var output: String?

  @Option(
    help: ArgumentHelp(
      "The format of files whose names do not say it: \(Choices.sentence(of: FileFormat.self)). Default: the picture's.",
      valueName: "name"), completion: .list(FileFormat.allCases.map(\.rawValue)), transform: Choices.byRawValue)
  var format: FileFormat?

  @Option(help: ArgumentHelp("The quality of .jpg and .webp files, 1 to 100. Default: 90.", valueName: "n"))
  var quality: Int?

  @Flag(help: "Leave the settings out of the file.")
  var noMetadata = false

  @Flag(name: .shortAndLong, help: "Say nothing but errors.")
  var quiet = false

  @Flag(name: .shortAndLong, help: "Tell about the upscaler and the device; twice, the library's log too.")
  var verbose: Int

  func validate() throws {
    if scale != nil, size != nil { throw ValidationError("--scale and --size both say how large: give one of them.") }
    if let scale, !(scale.isFinite && 1...16 ~= scale) {
      throw ValidationError("a --scale of \(scale) is not possible: choose 1 to 16.")
    }
    try FileFormat.require(quality: quality)
    try Verbosity.require(quiet: quiet, verbose: verbose)
  }

  var verbosity: Verbosity { Verbosity(quiet: quiet, verbose: verbose) }

  /// The name of the larger picture: what is asked for; else in another folder the picture's own, beside it with the scale.
  func name(of file: String, _ upscaler: UpscalerModel, in place: OutputPlace) -> String {
    if case .file(_, let name) = place { return name }
    let own = file == "-" ? "picture" : FileName.split(file).name
    let ending = FileFormat.endings.first { own.hasSuffix(ignoringCase: $0) } ?? ""
    let stem = own.dropLast(ending.utf8.count)
    let kept = format == nil && !ending.isEmpty ? String(own.suffix(ending.utf8.count)) : (format ?? .png).endings[0]
    guard case .folder("") = place else { return stem + kept }
    let factor = scale.map { $0 == $0.rounded() ? "\(Int($0))" : "\($0)" } ?? "\(upscaler.scale)"
    return "\(stem)-\(size.map { "\($0)" } ?? "x\(factor)")" + kept
  }
}

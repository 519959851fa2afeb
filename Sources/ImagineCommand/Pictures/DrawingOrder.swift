import Imagine

/// What is to be drawn, with which model, and where to: the command line, put in order.
struct DrawingOrder {
  let picture: PictureOptions
  let engine: EngineOptions
  let output: OutputOptions
  /// The one prompt, unless they are in a file or in a picture.
  let prompt: String?
  /// The model's files, by paths or names; nil for the demonstration model.
  let files: ModelFiles?
  /// Where names of models are looked up.
  let library: ModelLibrary
  /// The settings of a picture that is drawn again.
  var recorded: RecordedSettings?
  /// Whether it is one of several pictures that are drawn again.
  var isOneOfSeveral = false
  /// Whether it is drawn with another seed.
  var varies = false

  init(_ arguments: RenderArguments) throws {
    picture = arguments.picture
    engine = arguments.engine
    output = arguments.output
    prompt = arguments.prompt
    library = try arguments.engine.library.library()
    files = arguments.engine.modelFiles()
  }

  init(_ again: AgainCommand, _ recorded: RecordedSettings, files: ModelFiles?, _ library: ModelLibrary) {
    picture = again.picture
    engine = again.engine
    output = again.output
    prompt = again.picture.prompt
    self.files = files
    self.library = library
    self.recorded = recorded
    isOneOfSeveral = again.files.count > 1
    varies = again.vary
  }
}

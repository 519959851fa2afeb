import ArgumentParser
import Imagine
import ImagineFiles

/// One line of a prompt file: a prompt, and what it sets apart from the defaults.
struct PromptFileEntry: Sendable, Hashable {
  /// The seed a line asks for.
  enum Seed: Sendable, Hashable {
    /// Another one each time: `--seed -1`.
    case random
    case fixed(UInt64)
  }

  /// The number of the line in the file, from 1.
  let line: Int
  /// The line as it stands.
  let text: String
  /// How many equal lines come before this one.
  let occurrence: Int

  /// What to draw; nil leaves the default.
  var prompt: String?
  var negativePrompt: String?
  var width: Int?
  var height: Int?
  var steps: Int?
  var guidanceScale: Float?
  var seed: Seed?
  var sampler: Sampler?
  /// The schedule that the sampler's name ended in.
  var samplerSchedule: Schedule?
  var schedule: ScheduleChoice?
  var randomSource: RandomSource?
  /// How many pictures.
  var count: Int?
  /// Words of the options that lines share with the command line, as they stand.
  var sharedWords: [String] = []
  /// When the refiner of the command line begins.
  var refinerStart: Double?
  /// The file to write, below the folder for pictures; always ends as a format does.
  var output: RelativePath?

  init(line: Int, text: String, occurrence: Int) {
    self.line = line
    self.text = text
    self.occurrence = occurrence
  }

  /// A seed below 2^32 for a line that gives none: the same whenever the line reads the same, and another for each
  /// repetition of it, so that a second run can tell which pictures are there already.
  var derivedSeed: UInt64 {
    var hash = StableHash()
    hash.combine(text)
    hash.combine("\(occurrence)")
    return hash.value & 0xFFFF_FFFF
  }

  /// The request with this line's settings in place of its own.
  ///
  /// A line without a seed leaves the request's; `--seed -1` makes it nil.
  /// - Parameters:
  ///   - usual: the model's own size, for a side that is not given.
  ///   - pictures: those that were read before.
  /// - Throws: `PromptFileError` for what does not belong together, `ImagineError` for files that are no pictures.
  func applied(
    to request: GenerationRequest, usual: Size, _ pictures: SourcePictures
  ) throws -> GenerationRequest {
    var request = request
    if !sharedWords.isEmpty {
      do { try LineOptions.parse(sharedWords).apply(to: &request, pictures) } catch let error as ImagineError {
        throw error
      } catch {
        throw PromptFileError(LineOptions.message(for: error))
      }
    }
    if let prompt { request.prompt = prompt }
    if let negativePrompt { request.negativePrompt = negativePrompt }
    request.resize(width: width, height: height, usual: usual)
    if let steps { request.steps = steps }
    if let guidanceScale { request.guidanceScale = guidanceScale }
    if let sampler { request.sampler = sampler }
    request.schedule = ScheduleChoice.settled(schedule, sampler: samplerSchedule, otherwise: request.schedule)
    if let randomSource { request.randomSource = randomSource }
    if let count { request.count = count }
    if let refinerStart { request.refiner?.start = refinerStart }
    switch seed {
    case .fixed(let seed): request.seed = seed
    case .random: request.seed = nil
    case nil: break
    }
    return request
  }
}

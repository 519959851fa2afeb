/// One line of a prompt file: a prompt, and what it sets apart from the defaults.
public struct PromptFileEntry: Sendable, Hashable {
  /// The seed a line asks for.
  public enum Seed: Sendable, Hashable {
    /// Another one each time: `--seed -1`.
    case random
    case fixed(UInt64)
  }

  /// The number of the line in the file, from 1.
  public let line: Int
  /// The number among the lines that are neither blank nor comments, from 0; lines that cannot be drawn count.
  public let index: Int
  /// The line as it stands.
  public let text: String
  /// How many equal lines come before this one.
  public let occurrence: Int

  /// What to draw; nil leaves the default.
  public internal(set) var prompt: String?
  public internal(set) var negativePrompt: String?
  public internal(set) var width: Int?
  public internal(set) var height: Int?
  public internal(set) var steps: Int?
  public internal(set) var guidanceScale: Float?
  public internal(set) var seed: Seed?
  public internal(set) var sampler: Sampler?
  public internal(set) var schedule: Schedule?
  public internal(set) var randomSource: RandomSource?
  /// How many pictures.
  public internal(set) var count: Int?
  /// The file to write, below the folder for pictures; always ends in `.png`.
  public internal(set) var output: String?

  init(line: Int, index: Int, text: String, occurrence: Int) {
    self.line = line
    self.index = index
    self.text = text
    self.occurrence = occurrence
  }

  /// A seed below 2^32 for a line that gives none: the same whenever the line reads the same, and another for each
  /// repetition of it, so that a second run can tell which pictures are there already.
  public var derivedSeed: UInt64 {
    var hash = StableHash()
    hash.combine(text)
    hash.combine("\(occurrence)")
    return hash.value & 0xFFFF_FFFF
  }

  /// The request with this line's settings in place of its own.
  ///
  /// A line without a seed leaves the request's; `--seed -1` makes it nil.
  public func applied(to request: GenerationRequest) -> GenerationRequest {
    var request = request
    if let prompt { request.prompt = prompt }
    if let negativePrompt { request.negativePrompt = negativePrompt }
    if let width { request.size.width = width }
    if let height { request.size.height = height }
    if let steps { request.steps = steps }
    if let guidanceScale { request.guidanceScale = guidanceScale }
    if let sampler { request.sampler = sampler }
    if let schedule { request.schedule = schedule }
    if let randomSource { request.randomSource = randomSource }
    if let count { request.count = count }
    switch seed {
    case .fixed(let seed): request.seed = seed
    case .random: request.seed = nil
    case nil: break
    }
    return request
  }
}

/// The FNV-1a hash in 64 bits: the same in every run and on every machine.
package struct StableHash: Sendable {
  package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  package init() {}

  /// Adds a text and its end, so that "a", "bc" differs from "ab", "c".
  package mutating func combine(_ text: String) {
    for byte in text.utf8 { combine(byte) }
    combine(UInt8(0))
  }

  private mutating func combine(_ byte: UInt8) {
    value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
  }
}

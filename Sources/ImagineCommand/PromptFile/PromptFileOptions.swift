import ArgumentParser
import Imagine
import ImagineFiles

extension PromptFileEntry {
  /// Reads the line's text into the entry.
  ///
  /// - Returns: remarks on options that were left out.
  mutating func read() throws(PromptFileError) -> [String] {
    // A prompt may hold quotes, backslashes and dashes; only a word such as --steps makes its line one with options.
    guard text.split(whereSeparator: \.isWhitespace).contains(where: { PromptFileWord(text: String($0)).isOption })
    else {
      prompt = text
      return []
    }
    var words = try PromptFileWords(text).words[...]
    let start = words.prefix { !$0.isOption }
    words = words.dropFirst(start.count)
    if !start.isEmpty { prompt = Self.joined(start) }

    var remarks: [String] = []
    var seen: Set<Option> = []
    while let word = words.popFirst() {
      var values = words.prefix { !$0.isOption }
      words = words.dropFirst(values.count)
      var name = word.text.dropFirst(2)
      if let equals = name.firstIndex(of: "=") {
        let first = PromptFileWord(text: String(name[name.index(after: equals)...]), isQuoted: true)
        values = [first] + values
        name = name[..<equals]
      }
      if let remark = try apply(String(name), values, &seen) { remarks.append(remark) }
    }
    if !sharedWords.isEmpty {
      do { _ = try LineOptions.parse(sharedWords) } catch { throw PromptFileError(LineOptions.message(for: error)) }
    }
    return remarks
  }

  private static func joined(_ words: ArraySlice<PromptFileWord>) -> String {
    words.map(\.text).joined(separator: " ")
  }

  /// What an option of a line sets.
  private enum Option: Hashable {
    case prompt, negativePrompt, width, height, size, steps, guidanceScale, seed, sampler, schedule, randomSource
    case refinerStart
    /// One of those that lines share with the command line, under its first name there.
    case shared(OptionTable.Option)
    case batchSize, batchCount, output
    /// It changes nothing about the picture; left out with a remark.
    case needless
    /// It would change the picture in a way this version cannot, unless it says `neutral`.
    case missing(neutral: Set<String>)
  }

  /// The options by name, `_` for `-`: those of A1111, and this program's where they differ.
  private static let options: [String: Option] = [
    "prompt": .prompt, "negative_prompt": .negativePrompt, "negative": .negativePrompt, "width": .width,
    "height": .height, "size": .size, "steps": .steps, "cfg_scale": .guidanceScale, "cfg": .guidanceScale,
    "seed": .seed, "sampler_name": .sampler, "sampler": .sampler, "sampling_method": .sampler, "scheduler": .schedule,
    "schedule": .schedule, "rng": .randomSource, "batch_size": .batchSize, "n_iter": .batchCount,
    "batch_count": .batchCount, "count": .batchCount, "output": .output,
    "refiner_start": .refinerStart,
    "outpath_samples": .needless, "outpath_grids": .needless, "prompt_for_display": .needless,
    "do_not_save_samples": .needless, "do_not_save_grid": .needless,
    "sd_model": .missing(neutral: []), "styles": .missing(neutral: []), "sampler_index": .missing(neutral: []),
    "seed_resize_from_h": .missing(neutral: ["-1", "0"]), "seed_resize_from_w": .missing(neutral: ["-1", "0"]),
    "restore_faces": .missing(neutral: ["false"]),
  ]

  /// - Returns: a remark, if the option was left out.
  private mutating func apply(
    _ name: String, _ words: ArraySlice<PromptFileWord>, _ seen: inout Set<Option>
  ) throws(PromptFileError) -> String? {
    let option = try Self.option(name)
    switch option {
    case .needless: return "--\(name) means nothing here and is left out."
    case .missing: break
    case .shared(let shared) where shared.isRepeating: break
    default:
      guard seen.insert(option).inserted, option != .prompt || prompt == nil else {
        throw PromptFileError("--\(name) sets what was set before in the line: give it once.")
      }
    }
    if option == .prompt || option == .negativePrompt {
      set(option, Self.joined(words))
      return nil
    }
    if case .shared(let shared) = option {
      try share(shared, name, words)
      return nil
    }
    guard words.allSatisfy({ $0.text.utf8.count <= Self.longestValue }) else {
      throw PromptFileError("the value of --\(name) is longer than \(Self.longestValue) bytes: shorten it.")
    }
    guard let value = words.first?.text else {
      throw PromptFileError("--\(name) has no value: write one after it.")
    }
    if words.count > 1 {
      throw PromptFileError(
        "--\(name) takes one value, but '\(words[words.startIndex + 1].text)' follows '\(value)': put the prompt first."
      )
    }
    if case .missing(let neutral) = option {
      guard neutral.contains(value.lowercased()) else {
        throw PromptFileError("--\(name) is not possible in this version: take it out to draw the line without.")
      }
      return nil
    }
    do { try set(option, value, name) } catch let error as ImagineError {
      throw PromptFileError(error.message)
    } catch let error as PromptFileError {
      throw error
    } catch {
      throw PromptFileError("--\(name) \(value) is not possible.")
    }
    return nil
  }

  /// Bytes that the name of an option may have: none is nearly as long.
  private static let longestName = 64
  /// Bytes that the value of an option may have, apart from prompts.
  private static let longestValue = 4096

  private static func option(_ name: String) throws(PromptFileError) -> Option {
    guard name.utf8.count <= longestName else {
      throw PromptFileError(
        "an option begins '--\(String(name.unicodeScalars.prefix(20)))' and is too long to be one: correct it.")
    }
    let usual = OptionTable.usual("--" + name)
    for name in [usual, ForeignOptions.aliases[usual]].compactMap({ $0 }) {
      if let option = options[String(name.dropFirst(2)).replacing("-", with: "_")] { return option }
      if let option = shared[name] { return .shared(option) }
    }
    if let reason = ForeignOptions.notYet[usual] {
      throw PromptFileError("--\(name) is not in this version: \(reason). Take it out to draw the line without.")
    }
    if commandLine[usual] != nil || ForeignOptions.aliases[usual].map({ commandLine[$0] != nil }) == true {
      throw PromptFileError("--\(name) is for all lines: give it on the command line.")
    }
    let own = options.keys.map { "--" + $0.replacing("_", with: "-") }
    let near = NearestName.of(usual, among: own + shared.longNames)
    throw PromptFileError(
      "there is no option --\(name): \(near.map { "write \($0)" } ?? "correct it"), or put a prompt with such a word in "
        + "quotes after --prompt.")
  }

  /// The options of the command line, most of which a line cannot set.
  private static let commandLine = OptionTable(of: RenderCommand.self)

  /// The options that a line shares with the command line.
  private static let shared = OptionTable(of: SharedOptionNames.self)

  /// Keeps an option for the argument parser, whose rules are those of the command line.
  private mutating func share(
    _ option: OptionTable.Option, _ name: String, _ words: ArraySlice<PromptFileWord>
  ) throws(PromptFileError) {
    guard option.takesValue else {
      guard let first = words.first else {
        sharedWords.append(option.name)
        return
      }
      throw PromptFileError("--\(name) takes no value, but '\(first.text)' follows it: put the prompt first.")
    }
    guard !words.isEmpty else { throw PromptFileError("--\(name) has no value: write one after it.") }
    if words.count > 1, !option.name.contains("prompt-2") {
      throw PromptFileError(
        "--\(name) takes one value, but '\(words[words.startIndex + 1].text)' follows '\(words[words.startIndex].text)': put "
          + "the prompt first.")
    }
    sharedWords.append("\(option.name)=\(Self.joined(words))")
  }

  private mutating func set(_ option: Option, _ text: String) {
    if option == .prompt { prompt = text } else { negativePrompt = text }
  }

  private mutating func set(_ option: Option, _ value: String, _ name: String) throws {
    func number<Number: LosslessStringConvertible>(_: Number.Type = Number.self) throws -> Number {
      guard let number = Number(value) else {
        throw PromptFileError("--\(name) needs a number, not '\(value)'.")
      }
      return number
    }
    func size() throws -> Size {
      guard let size = Size(value) else {
        throw PromptFileError("--\(name) needs a size such as 512x768, not '\(value)'.")
      }
      return size
    }
    switch option {
    case .width: width = try number()
    case .height: height = try number()
    case .size:
      let size = try size()
      (width, height) = (size.width, size.height)
    case .steps: steps = try number()
    case .guidanceScale: guidanceScale = try number()
    case .seed: seed = value == "-1" ? .random : .fixed(try number())
    case .sampler:
      let method = try Sampler.named(value)
      sampler = method.sampler
      samplerSchedule = method.schedule
    case .schedule: schedule = try ScheduleChoice(value)
    case .randomSource: randomSource = try RandomSource(named: value)
    case .refinerStart:
      let start = try number(Double.self)
      guard 0...1 ~= start else { throw PromptFileError(RefinerOptions.problem(start)) }
      refinerStart = start
    case .batchSize, .batchCount:
      let (product, overflow) = (count ?? 1).multipliedReportingOverflow(by: try number())
      guard !overflow, 1...100_000 ~= product else {
        throw PromptFileError("--\(name) \(value) is not possible: a line makes 1 to 100000 pictures.")
      }
      count = product
    case .output: output = try Self.outputName(value)
    case .prompt, .negativePrompt, .needless, .missing, .shared: break
    }
  }

  /// A path that stays in its folder, with the ending of a format and room for the number of a picture before that.
  private static func outputName(_ value: String) throws -> RelativePath {
    do {
      _ = try RelativePath(value)
      return try RelativePath(FileFormat.completed(value, .png), spare: "-100000".utf8.count)
    } catch {
      throw PromptFileError("--output '\(value)' \(error.reason): give a file name inside the folder for the pictures.")
    }
  }
}

/// The options that lines of a prompt file share with the command line, for a table of their names.
private struct SharedOptionNames: ParsableCommand {
  @OptionGroup var options: LineOptions
}

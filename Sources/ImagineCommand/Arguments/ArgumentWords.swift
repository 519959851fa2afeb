import ArgumentParser
import Imagine

/// A command line, put into the words that the argument parser knows.
///
/// Names that people bring from other programs become ours, an unknown one is named with its nearest relative, and what
/// is no option follows after `--`, so that a prompt may begin with a dash.
struct ArgumentWords {
  private let table: OptionTable
  private var rest: ArraySlice<String>
  private var options: [String] = []
  private var others: [String] = []

  /// - Throws: `ValidationError` with one sentence on the first word that makes no sense.
  static func parsable(_ arguments: [String], for type: any ParsableCommand.Type) throws -> [String] {
    var words = ArgumentWords(table: OptionTable(of: type), rest: arguments[...])
    try words.read()
    return words.options + (words.others.isEmpty ? [] : ["--"] + words.others)
  }

  private init(table: OptionTable, rest: ArraySlice<String>) {
    self.table = table
    self.rest = rest
  }

  private mutating func read() throws {
    while let word = rest.popFirst() {
      if word.isExactly("--") {
        others += rest
        return
      }
      if let first = word.unicodeScalars.first, "\u{2012}"..."\u{2015}" ~= first { try refuseLongDash(word) }
      if word.isExactly("-") || word.utf8.first != UInt8(ascii: "-") {
        others.append(word)
      } else if let space = word.firstIndex(where: \.isWhitespace), !Self.isAssignment(word[..<space]) {
        try refuseQuotedOption(word, name: String(word[..<space]))
        others.append(word)
      } else if word.begins(with: "--") {
        try readLong(word)
      } else {
        try readShort(word)
      }
    }
  }

  /// Whether the beginning of a word, up to its first space, gives an option its value: `--prompt=a house`.
  private static func isAssignment(_ start: Substring) -> Bool { start.hasPrefix("--") && start.contains("=") }

  // MARK: Options

  private mutating func readLong(_ word: String) throws {
    let equals = word.firstIndex(of: "=")
    let name = String(word[..<(equals ?? word.endIndex)])
    let value = equals.map { String(word[word.index(after: $0)...]) }
    let option = try known(name)
    if option.takesValue {
      try add(option, value: value ?? nextValue(of: option))
    } else {
      guard value == nil else { throw ValidationError("'\(name)' takes no value: leave out '=\(value ?? "")'.") }
      options.append(flag(option, as: name))
    }
  }

  /// `-q`, `-qv`, `-s 42`, `-s42`, `-s=42`
  private mutating func readShort(_ word: String) throws {
    var letters = word.dropFirst()
    // Words such as -steps or -5 are looked up whole, so that their message names them as they were written.
    guard let first = letters.first, table["-\(first)"] != nil || letters.count == 1 && (try? known(word)) != nil,
      letters.count == 1 || readsJoined(letters)
    else {
      _ = try known(String(word.prefix { $0 != "=" }))
      throw ValidationError("'\(word)' is no option: give a prompt that begins with a dash after -p.")
    }
    while let letter = letters.popFirst() {
      let option = try known("-\(letter)")
      guard option.takesValue else {
        options.append(flag(option, as: "-\(letter)"))
        continue
      }
      if letters.first == "=" { letters.removeFirst() }
      try add(option, value: letters.isEmpty ? nextValue(of: option) : String(letters))
      return
    }
  }

  /// Whether letters after one dash are flags in a row, or an option with its value.
  private func readsJoined(_ letters: Substring) -> Bool {
    for (index, letter) in letters.enumerated() {
      guard let option = table["-\(letter)"] else { return false }
      guard !option.takesValue else {
        let value = letters.dropFirst(index + 1)
        return value.first == "=" || value.allSatisfy { $0.isNumber || ".-x".contains($0) }
      }
    }
    return true
  }

  /// Options that lose what was given first if they are given again. Of others the last one counts, so that an alias of the
  /// shell's can be overruled.
  private static let single: Set<String> = ["--init-image", "--mask"]

  private mutating func add(_ option: OptionTable.Option, value: String?) throws {
    guard !Self.single.contains(option.name) || !options.contains(option.name) else {
      throw ValidationError("'\(option.name)' is given twice: a picture is made from one, so give one of them.")
    }
    options.append(option.name)
    guard let value else { return }
    // After "=" a value may begin with a dash.
    if option.name.hasPrefix("--"), value.begins(with: "-"), !option.takesAnyValue {
      options[options.count - 1] += "=" + value
    } else {
      options.append(value)
    }
  }

  /// The word after an option, unless it is an option itself: then the value is missing, which the parser says.
  private mutating func nextValue(of option: OptionTable.Option) -> String? {
    guard let next = rest.first else { return nil }
    if !option.takesAnyValue, next.utf8.count <= Self.longestName, next != "-", next.hasPrefix("-"),
      table[next] != nil || next == "--"
    {
      return nil
    }
    rest.removeFirst()
    return next
  }

  /// A flag under the name it was given, since `--no-x` and `--x` are one option to the parser.
  private func flag(_ option: OptionTable.Option, as name: String) -> String {
    option.names.contains(name) ? name : option.name
  }

  // MARK: Names

  /// Bytes that the name of an option may have: none is nearly as long.
  private static let longestName = 64

  private func known(_ name: String) throws -> OptionTable.Option {
    guard name.utf8.count <= Self.longestName else {
      throw ValidationError(
        "There is no option '\(String(name.unicodeScalars.prefix(20)))...': give a prompt that begins with a dash after -p."
      )
    }
    if let option = table[name] { return option }
    let usual = name.hasPrefix("--") ? OptionTable.usual(name) : name
    if let alias = ForeignOptions.aliases[usual], let option = table[alias] { return option }
    if let words = ForeignOptions.otherWords[usual] { throw ValidationError("There is no option '\(name)': \(words).") }
    if let reason = ForeignOptions.notYet[usual] {
      throw ValidationError("'\(name)' is not in this version: \(reason).")
    }
    throw ValidationError(unknown(name, usual))
  }

  private func unknown(_ name: String, _ usual: String) -> String {
    let names = table.longNames + ForeignOptions.aliases.filter { table[$0.value] != nil }.keys
    // One dash before a long name is a slip of its own.
    let long = usual.hasPrefix("--") ? usual : "-" + OptionTable.usual(name)
    if let near = NearestName.of(long, among: names) {
      return "There is no option '\(name)': is '\(near)' meant?"
    }
    return name.hasPrefix("--")
      ? "There is no option '\(name)'."
      : "There is no option '\(name)': give a prompt that begins with a dash after -p."
  }

  /// `"--steps 30"` in quotes is one word to the shell.
  private func refuseQuotedOption(_ word: String, name: String) throws {
    guard (try? known(name)) != nil else { return }
    throw ValidationError("'\(word)' is one word, in quotes: take the option out of them, or give a prompt after -p.")
  }

  /// Text programs make one long dash of two hyphens.
  private func refuseLongDash(_ word: String) throws {
    let name = "--" + word.drop { ("\u{2012}"..."\u{2015}").contains($0) }.prefix { !$0.isWhitespace && $0 != "=" }
    guard (try? known(name)) != nil else { return }
    throw ValidationError("'\(word)' begins with a long dash: type two hyphens, '\(name)'.")
  }
}

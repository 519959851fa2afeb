public import Foundation

/// A list of pictures to draw: one line of text each.
///
/// A line without options is a prompt, word for word. A line with options is read as AUTOMATIC1111's "Prompts from file
/// or textbox" reads it:
///
/// ```text
/// # Blank lines and lines that start with # are skipped.
/// a red house under a yellow sun
/// a lighthouse at dusk --steps 30 --seed 7
/// --prompt "a boat" --negative_prompt blurry --width 512 --height 768 --output boat.png
/// ```
///
/// A line that cannot be read becomes a `Problem` with its number; the others stand.
public struct PromptFile: Sendable, Hashable {
  /// A remark on one line.
  public struct Problem: Sendable, Hashable, CustomStringConvertible {
    /// From 1.
    public let line: Int
    /// One sentence.
    public let message: String

    public var description: String { "line \(line): \(message)" }
  }

  /// What to draw, in the order of the file.
  public private(set) var entries: [PromptFileEntry] = []
  /// Lines that cannot be drawn.
  public private(set) var problems: [Problem] = []
  /// Options that were left out because they mean nothing here; their lines are drawn.
  public private(set) var warnings: [Problem] = []

  /// The longest line, in bytes.
  public static let longestLine = 1 << 16
  /// The largest file, in bytes.
  public static let largestFile = 1 << 26

  /// Reads a file.
  ///
  /// - Throws: `ImagineError` with code `invalidText` for a file that cannot be read or is no text at all.
  public init(contentsOf url: URL) throws {
    let path = url.path(percentEncoded: false)
    let handle: FileHandle
    do { handle = try FileHandle(forReadingFrom: url) } catch {
      throw ImagineError(
        .invalidText, "The prompt file '\(path)' cannot be opened: check the name and its permissions.")
    }
    defer { try? handle.close() }
    try self.init(reading: handle, name: "'\(path)'")
  }

  /// Reads all there is in an open file, such as the standard input.
  ///
  /// - Parameter name: what messages call the file.
  /// - Throws: as `init(contentsOf:)`.
  public init(reading handle: FileHandle, name: String) throws {
    var data = Data()
    do {
      while data.count <= Self.largestFile, let part = try handle.read(upToCount: 1 << 20), !part.isEmpty {
        data.append(part)
      }
    } catch {
      throw ImagineError(
        .invalidText, "The prompt file \(name) cannot be read: give a text file with one prompt a line.")
    }
    guard data.count <= Self.largestFile else {
      throw ImagineError(
        .invalidText, "The prompt file \(name) is larger than 64 MiB: give a text file with one prompt a line.")
    }
    guard !data.starts(with: [0xFF, 0xFE]), !data.starts(with: [0xFE, 0xFF]) else {
      throw ImagineError(.invalidText, "The prompt file \(name) is in UTF-16: save it as UTF-8.")
    }
    self.init(data)
  }

  /// Reads UTF-8 text, with or without a byte order mark, with any line ends.
  public init(_ data: Data) {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    var lines = PromptFileLines(data.starts(with: mark) ? data.dropFirst(mark.count) : data)
    var index = 0
    var outputs: [String: Int] = [:]
    var occurrences: [String: Int] = [:]
    while let (number, bytes) = lines.next() {
      do throws(PromptFileError) {
        guard let text = try Self.text(bytes) else { continue }
        defer { index += 1 }
        let occurrence = occurrences[text, default: 0]
        occurrences[text] = occurrence + 1
        var line = PromptFileEntry(line: number, index: index, text: text, occurrence: occurrence)
        for message in try line.read() { warnings.append(Problem(line: number, message: message)) }
        if let output = line.output, let first = outputs.updateValue(number, forKey: output) {
          outputs[output] = first
          throw PromptFileError("line \(first) writes '\(output)' already: give another --output.")
        }
        entries.append(line)
      } catch {
        problems.append(Problem(line: number, message: error.description))
      }
    }
  }

  /// The text of a line, or nil for one that is blank or a comment.
  private static func text(_ bytes: Data) throws(PromptFileError) -> String? {
    guard bytes.count <= longestLine else {
      throw PromptFileError("the line is longer than \(longestLine) bytes: shorten it.")
    }
    guard !bytes.contains(0) else {
      throw PromptFileError("the line holds a NUL character: save the file as plain UTF-8 text.")
    }
    guard let line = String(validating: bytes, as: UTF8.self) else {
      throw PromptFileError("the line is not UTF-8: save the file in that encoding.")
    }
    let text = line.trimmingCharacters(in: .whitespaces)
    return text.isEmpty || text.hasPrefix("#") ? nil : text
  }
}

/// Why a line cannot be drawn, as a sentence without its capital letter.
struct PromptFileError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Splits bytes at line feeds, carriage returns, or both in a row, and counts.
private struct PromptFileLines {
  private var rest: Data
  private var number = 0

  init(_ data: Data) { rest = data }

  mutating func next() -> (number: Int, bytes: Data)? {
    guard !rest.isEmpty else { return nil }
    number += 1
    guard let end = rest.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) else {
      defer { rest = Data() }
      return (number, rest)
    }
    let line = rest[..<end]
    var next = rest.index(after: end)
    if rest[end] == 0x0D, next < rest.endIndex, rest[next] == 0x0A { next = rest.index(after: next) }
    rest = rest[next...]
    return (number, line)
  }
}

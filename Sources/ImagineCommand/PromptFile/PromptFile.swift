import Foundation
import Imagine
import ImagineFiles

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
struct PromptFile: Sendable, Hashable {
  /// A remark on one line.
  struct Problem: Sendable, Hashable, CustomStringConvertible {
    /// From 1.
    let line: Int
    /// One sentence.
    let message: String

    var description: String { "line \(line): \(message)" }
  }

  /// What to draw, in the order of the file.
  private(set) var entries: [PromptFileEntry] = []
  /// Lines that cannot be drawn.
  private(set) var problems: [Problem] = []
  /// Options that were left out because they mean nothing here; their lines are drawn.
  private(set) var warnings: [Problem] = []

  /// The longest line, in bytes.
  static let longestLine = 1 << 16
  /// The largest file, in bytes.
  static let largestFile = 1 << 26
  /// The most lines that are neither blank nor comments.
  static let mostLines = 100_000

  /// Reads a file.
  ///
  /// - Parameter path: `-` is the standard input.
  /// - Throws: `CommandFailure` for a file that cannot be read or is no list of prompts at all.
  init(path: String) throws {
    let isInput = path == "-"
    let name = isInput ? "on the standard input" : "'\(path)'"
    let handle: FileHandle
    if isInput {
      handle = .standardInput
    } else {
      do { handle = try FileHandle(forReadingFrom: URL(literalPath: path)) } catch {
        throw CommandFailure.failure("The prompt file \(name) cannot be opened: check the name and its permissions.")
      }
    }
    defer { if !isInput { try? handle.close() } }
    let data = try Self.read(handle, name: name)
    if let format = OtherFormat(data, name: isInput ? "" : path) {
      throw CommandFailure.usage(
        "The prompt file \(name) is \(format.words): give a text file in UTF-8 with one prompt a line.")
    }
    self.init(data)
  }

  private static func read(_ handle: FileHandle, name: String) throws -> Data {
    var data = Data()
    do {
      while data.count <= largestFile, let part = try handle.read(upToCount: 1 << 20), !part.isEmpty {
        data.append(part)
      }
    } catch {
      throw CommandFailure.failure("The prompt file \(name) cannot be read: give a text file with one prompt a line.")
    }
    guard data.count <= largestFile else {
      throw CommandFailure.failure("The prompt file \(name) is larger than 64 MiB: give it in parts.")
    }
    return data
  }

  /// Reads UTF-8 text, with or without a byte order mark, with any line ends.
  init(_ data: Data) {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    var lines = PromptFileLines(data.starts(with: mark) ? data.dropFirst(mark.count) : data)
    var outputs: [[UInt8]: Int] = [:]
    // By their bytes: to Swift, two spellings of one accent are the same text, and long to compare.
    var occurrences: [UInt64: Int] = [:]
    var count = 0
    while let (number, bytes) = lines.next() {
      do throws(PromptFileError) {
        guard let text = try Self.text(bytes) else { continue }
        count += 1
        guard count <= Self.mostLines else {
          problems.append(
            Problem(
              line: number,
              message: "a prompt file may have \(Self.mostLines) lines: this one and those after it "
                + "are left out."))
          return
        }
        var hash = StableHash()
        hash.combine(text)
        let occurrence = occurrences[hash.value, default: 0]
        occurrences[hash.value] = occurrence + 1
        var line = PromptFileEntry(line: number, text: text, occurrence: occurrence)
        for message in try line.read() { warnings.append(Problem(line: number, message: message)) }
        if let output = line.output {
          let key = Array(output.text.utf8)
          if let first = outputs[key] {
            throw PromptFileError("line \(first) writes '\(output.text)' already: give another --output.")
          }
          outputs[key] = number
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

import ArgumentParser
import Foundation
import Imagine
import Testing

@testable import ImagineCommand

/// The library speaks to programs of every kind: none of its messages knows the command. What its code says is read in
/// its sources.
@Suite struct MessageTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The lines of code of a target, without comments.
  private func code(_ target: String) throws -> [(place: String, line: String)] {
    let folder = Self.root.appending(path: "Sources/\(target)")
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
    #expect(!files.isEmpty, "\(target)")
    return try files.flatMap { file in
      try String(contentsOf: folder.appending(path: file), encoding: .utf8)
        .split(separator: "\n").enumerated().map { number, line in
          // A comment begins where no address of the web does.
          let end = line.firstRange(of: /(^|[^:])\/\//)?.lowerBound ?? line.endIndex
          return ("\(target)/\(file):\(number + 1)", String(line[..<end]))
        }
    }
  }

  @Test(arguments: [
    "Imagine", "ImagineEngine", "ImagineModels", "ImagineCheckpoint", "ImagineSampling", "ImagineCPU", "ImagineVulkan",
    "ImagineGraph", "ImagineImage", "ImagineText", "ImagineFiles", "ImagineReference", "ImagineDemoModel",
  ]) func noneNamesAnOptionOfTheCommand(_ target: String) throws {
    let commands = WholeProgram.configuration.subcommands.map { $0._commandName }
    for (place, line) in try code(target) {
      #expect(line.firstMatch(of: /--[a-z]/) == nil, "\(place): \(line)")
      for command in commands { #expect(!line.contains("imagine \(command)"), "\(place): \(line)") }
      #expect(!line.contains("command line"), "\(place): \(line)")
    }
  }

  @Test func theSweepSeesOptions() throws {
    #expect(try code("ImagineCommand").contains { $0.line.firstMatch(of: /--[a-z]/) != nil })
  }

  @Test("The library's documentation names every public type, and none that is not there") func documentation() throws {
    let catalogue = Self.root.appending(path: "Sources/Imagine/Imagine.docc/Imagine.md")
    let named = Set(
      try String(contentsOf: catalogue, encoding: .utf8).matches(of: /``([A-Z]\w*)/).map { String($0.1) })
    let code = try code("Imagine").map(\.line)
    let types = Set(
      code.compactMap { $0.firstMatch(of: /^public (?:final class|struct|enum|typealias|protocol|actor) (\w+)/) }
        .map { String($0.1) })
    #expect(named.subtracting(types) == ["Imagine"])
    #expect(types.subtracting(named) == [])
  }

  @Test func everyRemedyIsAnOption() throws {
    let source = try code("Imagine").filter { $0.place.contains("/Remedy.swift") }.map(\.line).joined(separator: "\n")
    let names = source.matches(of: /Remedy\(rawValue: "([^"]+)"\)/).map { String($0.1) }
    #expect(names.count >= 7)
    let table = OptionTable(of: RenderCommand.self)
    for name in names {
      let option = try #require(Remedy(rawValue: name).option, "\(name)")
      let word = try #require(option.split(separator: " ").first)
      #expect(table[String(word)] != nil, "\(option)")
    }
    let engine = Self.root.appending(path: "Sources/ImagineEngine/EngineError.swift")
    let lines = try String(contentsOf: engine, encoding: .utf8).split(separator: "\n").map(String.init)
    let start = try #require(lines.firstIndex { $0.contains("enum Remedy") })
    for line in lines[(start + 1)...].prefix(while: { $0 != "}" }) {
      guard let match = line.firstMatch(of: /case (\w+)(?: = "([^"]+)")?/) else { continue }
      #expect(names.contains(String(match.2 ?? match.1)), "\(line)")
    }
  }
}

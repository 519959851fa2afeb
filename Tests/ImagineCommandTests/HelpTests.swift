import ArgumentParser
import Testing

@testable import ImagineCommand

/// What help says and what there is.
@Suite struct HelpTests {
  private static let commands: [any ParsableCommand.Type] = [
    RenderCommand.self, AgainCommand.self, InspectCommand.self, DevicesCommand.self, BenchCommand.self,
    BenchOpsCommand.self, BenchThreadsCommand.self, BenchTuneCommand.self, PullCommand.self, ListCommand.self,
    ShowCommand.self, ImportCommand.self, RemoveCommand.self, VerifyCommand.self,
  ]

  /// What the program says to itself.
  private static let ownUse: Set<String> = ["--probe"]

  /// The words of a text that are long options, without what is around them.
  private func names(in text: some StringProtocol) -> [String] {
    String(text).matches(of: /--[a-z][a-z0-9-]*/).map { String($0.output) }
  }

  @Test(arguments: commands.indices) func listsEveryOptionOnce(_ index: Int) {
    let type = Self.commands[index], help = type.helpMessage(columns: 10_000)
    let definitions = help.split(separator: "\n").filter { $0.hasPrefix("  -") }
    let listed = definitions.flatMap { names(in: $0.prefix { $0 != "<" }.split(separator: "  ").first ?? "") }
    #expect(Set(listed).count == listed.count, "\(listed.filter { name in listed.count { $0 == name } > 1 })")
    for option in OptionTable(of: type).options where !Self.ownUse.contains(option.name) {
      #expect(
        option.names.contains { listed.contains($0) }, "\(option.name) is not in the help of \(type._commandName)")
    }
  }

  @Test func namesNoOptionThatIsMissing() {
    let known = Set(Self.commands.flatMap { OptionTable(of: $0).longNames } + ["--version", "--help"])
    for type in Self.commands {
      for name in names(in: type.helpMessage(columns: 10_000)) {
        #expect(known.contains(name), "\(type._commandName) names \(name)")
      }
    }
    for (name, words) in ForeignOptions.otherWords {
      for other in names(in: words) { #expect(known.contains(other), "\(name) says \(other)") }
    }
  }
}

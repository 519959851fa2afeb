import ArgumentParser
import Foundation
import Imagine

/// The program from its arguments to its exit status.
enum CommandLineProgram {
  /// What the process ends with.
  enum Status {
    static let success: Int32 = 0
    static let failure: Int32 = 1
    static let usage: Int32 = 2
  }

  /// A command's name counts only as the first argument, so that it can still be drawn: `imagine -p devices`.
  static func commandType(_ arguments: [String]) -> (type: any ParsableCommand.Type, rest: [String]) {
    switch arguments.first {
    case "inspect": (InspectCommand.self, Array(arguments.dropFirst()))
    case "bench" where arguments.dropFirst().first == "ops": (BenchOpsCommand.self, Array(arguments.dropFirst(2)))
    case "bench": (BenchCommand.self, Array(arguments.dropFirst()))
    case "devices": (DevicesCommand.self, Array(arguments.dropFirst()))
    case "help" where arguments.count == 1: (RenderCommand.self, ["--help"])
    default: (RenderCommand.self, arguments)
    }
  }

  static func run(_ arguments: [String]) async -> Int32 {
    // A reader of our output that went away is an error of that write, not the end of a picture half drawn.
    signal(SIGPIPE, SIG_IGN)
    FileFault.answer()
    let (type, rest) = commandType(arguments)
    var command: any ParsableCommand
    do { command = try type.parseAsRoot(rest) } catch { return finish(error, of: type) }
    do {
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
      return Status.success
    } catch let failure as CommandFailure {
      if let message = failure.message { report(message) }
      return failure.status
    } catch let error as ImagineError {
      report(error.message)
      return Status.failure
    } catch {
      return finish(error, of: type, mistake: Status.failure)
    }
  }

  /// Ends with what the argument parser has to say: help and version, or a mistake.
  private static func finish(_ error: any Error, of type: any ParsableCommand.Type, mistake: Int32 = Status.usage)
    -> Int32
  {
    guard !type.exitCode(for: error).isSuccess else {
      try? StandardOutput.write(type.fullMessage(for: error) + "\n")
      return Status.success
    }
    report(type.message(for: error))
    let name = type == RenderCommand.self ? "imagine" : "imagine \(type._commandName)"
    if mistake == Status.usage { StandardError.write("Help: \(name) --help\n") }
    return mistake
  }

  private static func report(_ message: String) {
    StandardError.write("imagine: \(message)\n")
  }
}

/// An end with a status of its own.
struct CommandFailure: Error {
  let status: Int32
  /// Nil if all has been said.
  var message: String?
}

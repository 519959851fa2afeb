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

  static func run(_ arguments: [String]) async -> Int32 {
    // A reader of our output that went away is an error of that write, not the end of a picture half drawn.
    signal(SIGPIPE, SIG_IGN)
    FileFault.answer()
    let command: any ParsableCommand
    var type: any ParsableCommand.Type = WholeProgram.isAsked(by: arguments) ? WholeProgram.self : RenderCommand.self
    do {
      if WholeProgram.isAsked(by: arguments) {
        command = try type.parseAsRoot(arguments)
      } else {
        let invocation = try Invocation(arguments)
        type = invocation.type
        command = try invocation.command()
      }
    } catch {
      return finish(error, of: type)
    }
    do {
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        var command = command
        try command.run()
      }
      return Status.success
    } catch let failure as CommandFailure {
      if let message = failure.message { report(message) }
      return failure.status
    } catch let error as ImagineError {
      report(Wording.message(error.message, error.remedies))
      return status(of: error)
    } catch {
      return finish(error, of: type, mistake: Status.failure)
    }
  }

  /// What was asked for and is not possible on any day is a mistake on the command line.
  private static func status(of error: ImagineError) -> Int32 {
    [.invalidRequest, .invalidText, .unknownDevice].contains(error.code) ? Status.usage : Status.failure
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
    let parent = type.configuration._superCommandName.map { "\($0) " } ?? ""
    if mistake == Status.usage { StandardError.write("Help: \(parent)\(type._commandName) --help\n") }
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

  /// A mistake on the command line that shows only when files are looked at.
  static func usage(_ message: String) -> CommandFailure {
    CommandFailure(status: CommandLineProgram.Status.usage, message: message)
  }

  static func failure(_ message: String? = nil) -> CommandFailure {
    CommandFailure(status: CommandLineProgram.Status.failure, message: message)
  }
}

import Dispatch
import Foundation

Descriptors.openMissingStreams()
ProcessAge.begin()
if let problem = AddressLimit.problem {
  StandardError.write("imagine: \(problem)\n")
  exit(CommandLineProgram.Status.failure)
}
// Before anything waits: the queues behind `await` end the process where they can open no file.
do { try Descriptors.requireSome() } catch {
  StandardError.write("imagine: \((error as? CommandFailure)?.message ?? "\(error)")\n")
  exit(CommandLineProgram.Status.failure)
}
Task.detached {
  exit(await CommandLineProgram.run(Array(CommandLine.arguments.dropFirst())))
}
dispatchMain()

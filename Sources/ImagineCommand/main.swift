import Foundation

ProcessAge.begin()
if let problem = AddressLimit.problem {
  StandardError.write("imagine: \(problem)\n")
  exit(CommandLineProgram.Status.failure)
}
let arguments = Array(CommandLine.arguments.dropFirst())
let status = await CommandLineProgram.run(arguments)
exit(status)

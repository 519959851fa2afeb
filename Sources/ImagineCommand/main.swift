import Foundation

Descriptors.openMissingStreams()
ProcessAge.begin()
let arguments = Array(CommandLine.arguments.dropFirst())
let status = await CommandLineProgram.run(arguments)
exit(status)

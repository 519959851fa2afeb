import Foundation
import ImagineCheckpoint
import ImagineGoldens
import Testing

/// The program in a folder with small models.
extension Program {
  static func inFolder(_ body: (Program) throws -> Void) throws {
    let program = try Program()
    defer { program.remove() }
    try body(program)
  }

  /// A file or folder in the working folder.
  func url(_ path: String) -> URL { folder.appending(path: path) }

  /// Draws to a file, with settings that do not depend on the machine, and gives the file's bytes.
  func picture(_ arguments: [String], environment: [String: String] = [:]) throws -> Data {
    let name = UUID().uuidString
    let settings = ["-s", "1", "-q", "--device", "cpu", "--precision", "f32", "-t", "1", "--no-metadata", "-o", name]
    let result = try run(["a red house"] + settings + arguments, environment: environment)
    #expect(result.status == 0, "\(arguments): \(result.messages)")
    return try Data(contentsOf: url("\(name).png"))
  }

  /// The sentence with which the program refuses something.
  func complaint(_ arguments: [String], status: Int32) throws -> String {
    let result = try run(arguments)
    #expect(result.status == status, "\(arguments): \(result.messages)")
    #expect(result.output.isEmpty)
    let lines = result.messages.split(separator: "\n").filter { !$0.hasPrefix("Help: ") }
    #expect(lines.count == 1, "\(result.messages)")
    return lines.map(String.init).joined()
  }

  /// Writes a file of zeros.
  func writeZeros(_ shapes: [(String, [Int])], to name: String) throws {
    try SafetensorsWriter.write(
      shapes.map { .init(name: $0, shape: $1, values: .float32([Float](repeating: 0, count: $1.reduce(1, *)))) },
      to: url(name))
  }
}

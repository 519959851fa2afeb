import Foundation
import ImagineTesting
import Testing

/// Runs a parser on inputs that are made up: broken in the way that real files and people break them.
///
/// Every input follows from the parser's name and the input's number, so that whatever fails comes again:
///
/// - `IMAGINE_FUZZ_INPUTS`: how many inputs each parser gets, 2000 unless given.
/// - `IMAGINE_FUZZ_FIRST`: the number of the first, 0 unless given; a failure says its own.
/// - `IMAGINE_FUZZ_TRACE=1`: each number is written to the standard error before its turn, to find one that ends the process.
enum Fuzz {
  /// - Parameters:
  ///   - takesAll: whether the parser has no input that it refuses.
  ///   - body: gives the parser an input; true if it was taken.
  static func run(
    _ parser: String, takesAll: Bool = false, _ body: (inout FuzzRandom) throws -> Bool
  ) throws {
    let environment = ProcessInfo.processInfo.environment
    let count = environment["IMAGINE_FUZZ_INPUTS"].flatMap { Int($0) } ?? 2000
    let first = environment["IMAGINE_FUZZ_FIRST"].flatMap { Int($0) } ?? 0
    let isTraced = environment["IMAGINE_FUZZ_TRACE"] == "1"
    var taken = 0
    let numbers = first..<first + count
    for number in numbers {
      if isTraced { FileHandle.standardError.write(Data("\(parser) \(number)\n".utf8)) }
      var random = FuzzRandom(parser: parser, number: number)
      if try body(&random) { taken += 1 }
    }
    // Inputs that are all taken, or all refused at the door, try nothing.
    guard numbers.count >= 100, !takesAll else { return }
    let share = Double(taken) / Double(numbers.count)
    #expect(0.02...0.98 ~= share, "\(parser) took \(taken) of \(numbers.count)")
  }

  /// A message for people: one that says something, in one line, and nothing that a terminal obeys.
  static func expectMessage(_ message: String, _ random: FuzzRandom, _ location: SourceLocation = #_sourceLocation) {
    let isPlain = message.unicodeScalars.allSatisfy { scalar in
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: false
      case .format: scalar.value == 0x200C || scalar.value == 0x200D
      default: true
      }
    }
    #expect(isPlain && !message.isEmpty, "\(random): \(message)", sourceLocation: location)
  }
}

/// Random numbers that follow from a parser's name and an input's number.
struct FuzzRandom: RandomNumberGenerator, CustomStringConvertible {
  let description: String
  private var generator: SplitMix64

  init(parser: String, number: Int) {
    description = "input \(number) of \(parser)"
    generator = SplitMix64(seed: description)
  }

  mutating func next() -> UInt64 { generator.next() }

  /// 0 to `bound` - 1; 0 for a bound of 0.
  mutating func below(_ bound: Int) -> Int { bound > 0 ? Int(next() % UInt64(bound)) : 0 }

  /// True once in so many times.
  mutating func oneIn(_ times: Int) -> Bool { below(times) == 0 }

  mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }
}

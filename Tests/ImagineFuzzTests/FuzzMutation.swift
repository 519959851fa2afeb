/// What goes wrong with bytes.
extension FuzzRandom {
  /// A copy of bytes with a few faults: bits, cuts, repetitions, and pieces that mean something where they land.
  mutating func broken(_ bytes: [UInt8], with pieces: [[UInt8]] = []) -> [UInt8] {
    var bytes = bytes
    for _ in 0...below(4) {
      let start = below(bytes.count + 1), end = min(bytes.count, start + 1 + below(16))
      switch below(7) {
      case 0 where !bytes.isEmpty: bytes[below(bytes.count)] ^= 1 << UInt8(below(8))
      case 1 where !bytes.isEmpty: bytes[below(bytes.count)] = UInt8(below(256))
      case 2: bytes.removeSubrange(start..<end)
      case 3: bytes.insert(contentsOf: bytes[start..<end], at: start)
      case 4 where !pieces.isEmpty: bytes.insert(contentsOf: pick(pieces), at: start)
      case 5 where !pieces.isEmpty: bytes.replaceSubrange(start..<end, with: pick(pieces))
      default: if oneIn(4) { bytes.removeLast(below(bytes.count + 1)) }
      }
    }
    return bytes
  }

  /// A number as people and overflows write them.
  mutating func number() -> String {
    switch below(4) {
    case 0: "\(below(100))"
    case 1: "\(Int(truncatingIfNeeded: next()) >> below(64))"
    default:
      pick([
        "0", "-0", "1", "-1", "2", "64", "255", "256", "65536", "2147483647", "2147483648", "4294967296",
        "4611686018427387904", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e0", "1.0",
        "0.5",
        "1e308", "1e309", "-1e309", "1e-400", "8.0", "007", "1e", "NaN", "Infinity", "--1", "+1", "0x10", "1_000",
      ])
    }
  }

  /// A value as JSON has them, of any kind.
  mutating func json(depth: Int = 0) -> String {
    switch below(depth > 3 ? 4 : 7) {
    case 0: return number()
    case 1: return pick(["true", "false", "null", "nul", "True"])
    case 2, 3: return "\"\(text(length: below(12)))\""
    case 4:
      return "[" + (0..<below(4)).map { _ in json(depth: depth + 1) }.joined(separator: pick([",", ", ", ",,"])) + "]"
    default:
      return "{"
        + (0..<below(4)).map { _ in "\"\(text(length: below(6)))\":\(json(depth: depth + 1))" }
        .joined(separator: ",") + "}"
    }
  }

  /// Text of pieces that mean something to one parser or another.
  mutating func text(length: Int) -> String { (0..<length).map { _ in pick(Self.pieces) }.joined() }

  private static let pieces = [
    "a", "red house", " ", "  ", "\t", "\n", "\r\n", "\r", "\u{0}", "\u{1B}[31m", "\u{7F}", "\u{85}", "\u{2028}",
    "\u{202E}",
    "\u{FEFF}", "e\u{301}", "\u{E9}", "\u{301}\u{323}\u{301}", "\u{1F469}\u{200D}\u{1F3A8}", "\u{FFFD}", "\u{10FFFF}",
    "\u{65E5}\u{672C}", "\u{5E2}", "\\", "\\u0041", "\\ud800", "\\\"", "\"", "'", "`", "#", "--", "-", "=", ":", ",",
    ", ",
    ";", "(", ")", "(a:1.4)", "[", "]", "{", "}", "<", ">", "<|endoftext|>", "<|startoftext|>", "<lora:x:1>", "BREAK",
    "embedding:x", "__x__", "/", "..", "../", "~", "\\n", "\\t", "%s", "%n", "$HOME", "Negative prompt:", "Steps: 20",
    "Sampler: Euler a", "Size: 512x768", "Seed: 4294967295", "CFG scale: 7", "Model: \"a, b\"", "0", "1", "-1", "7.5",
    "99999999999999999999", "1e999", "nan", "true", "false", "null",
  ]
}

/// A network that a prompt asks for, as `<lora:name:0.8>`: AUTOMATIC1111's extra networks.
package struct NetworkTag: Sendable, Hashable, CustomStringConvertible {
  /// `lora`, `lyco`, `hypernet`, or any other word.
  package let type: String
  /// What stands behind it, at least one: the name first.
  package let arguments: [String]

  package var name: String { arguments.first ?? "" }
  package var description: String { "<\(type):\(arguments.joined(separator: ":"))>" }

  /// Takes all of them out of a prompt.
  static func extract(from prompt: PromptScalars) -> (remaining: PromptScalars, tags: [NetworkTag]) {
    let found = ranges(in: prompt)
    guard !found.isEmpty else { return (prompt, []) }
    var remaining: [Unicode.Scalar] = []
    var tags: [NetworkTag] = []
    var index = prompt.startIndex
    for range in found {
      remaining += prompt[index..<range.lowerBound]
      let inside = prompt[range.lowerBound + 1..<range.upperBound - 1]
      let fields = inside.split(separator: ":", omittingEmptySubsequences: false).map(\.text)
      tags.append(NetworkTag(type: fields[0], arguments: Array(fields.dropFirst())))
      index = range.upperBound
    }
    remaining += prompt[index...]
    return (remaining[...], tags)
  }

  /// Where they stand: what `<(\w+):([^>]+)>` finds.
  static func ranges(in prompt: PromptScalars) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var index = prompt.startIndex
    // Behind the last closing mark there is none.
    guard let last = prompt.lastIndex(of: ">") else { return [] }
    while index < last, let start = prompt[index..<last].firstIndex(of: "<") {
      index = start + 1
      guard let colon = prompt[index...last].firstIndex(where: { !$0.isPromptWord }), colon > index,
        prompt[colon] == ":", prompt[colon + 1] != ">", let end = prompt[(colon + 1)...].firstIndex(of: ">")
      else { continue }
      ranges.append(start..<end + 1)
      index = end + 1
    }
    return ranges
  }
}

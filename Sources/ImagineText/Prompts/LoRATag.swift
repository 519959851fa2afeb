/// A LoRA that a prompt asks for, as AUTOMATIC1111 reads `<lora:name:0.8>`.
///
/// Behind the name stand the strength in the text encoders, that in the UNet, the same unless it is given, and how many
/// ranks count (`dyn`): by place, or as `te=`, `unet=`, `dyn=`. `lbw=` has the strengths of blocks, separated by commas, as in
/// the extension "LoRA Block Weight".
package struct LoRATag: Sendable, Hashable {
  package let name: String
  package var textEncoder: Double = 1
  package var unet: Double = 1
  package var ranks: Int?
  package var blocks: [Double]?

  /// The words that mean one.
  private static let types: Set<String> = ["lora", "lyco"]

  /// The same as text; nil for a name that cannot stand in a tag.
  package static func text(_ name: String, textEncoder: Float, unet: Float, ranks: Int?, blocks: [Float]?) -> String? {
    guard !name.isEmpty, !name.unicodeScalars.contains(where: { $0 == ":" || $0 == ">" || $0 == "\n" || $0 == "\r" })
    else { return nil }
    var fields = ["lora", name, number(textEncoder)]
    if unet != textEncoder { fields.append(number(unet)) }
    if let ranks { fields.append("dyn=\(ranks)") }
    if let blocks { fields.append("lbw=\(blocks.map(number).joined(separator: ","))") }
    return "<\(fields.joined(separator: ":"))>"
  }

  /// 1 rather than 1.0, and never an exponent, which the tag's numbers are read with all the same.
  private static func number(_ value: Float) -> String { Int(exactly: value).map(String.init) ?? "\(value)" }

  /// Nil for a tag of another type.
  ///
  /// - Throws: `PromptError` for numbers that are none, and for what this version does not know.
  package init?(_ tag: NetworkTag) throws(PromptError) {
    guard Self.types.contains(tag.type) else { return nil }
    name = tag.name
    guard !name.isEmpty else { throw .tag("\(tag)", "it names no file") }
    var position = 0, named: [(String, String)] = []
    for argument in tag.arguments.dropFirst() {
      if let sign = argument.firstIndex(of: "=") {
        named.append((String(argument[..<sign]), String(argument[argument.index(after: sign)...])))
      } else {
        named.append((["te", "unet", "dyn"].dropFirst(position).first ?? "", argument))
        position += 1
      }
    }
    // A strength in the text encoders is that of the UNet, too, where none is given: whatever the order.
    if let given = named.last(where: { $0.0 == "te" }) {
      textEncoder = try Self.number(given.1, tag)
      unet = textEncoder
    }
    for (key, value) in named {
      switch key {
      case "te": break
      case "unet": unet = try Self.number(value, tag)
      case "dyn":
        guard let count = Int(value), count > 0 else { throw .tag("\(tag)", "'\(value)' is no number of ranks") }
        ranks = count
      case "lbw":
        var numbers: [Double] = []
        for text in value.split(separator: ",", omittingEmptySubsequences: false) {
          numbers.append(try Self.number(String(text), tag))
        }
        blocks = numbers
      default:
        throw .tag("\(tag)", "'\(key.isEmpty ? value : key)' means nothing there")
      }
    }
  }

  private static func number(_ text: String, _ tag: NetworkTag) throws(PromptError) -> Double {
    guard let number = PromptNumber(python: PromptScalars(text)), number.value.isFinite else {
      throw .tag("\(tag)", "'\(text)' is no number")
    }
    return number.value
  }
}

internal import ImagineImage

/// The fields of an infotext, taken one by one, so that what nobody took can be told.
struct InfotextReader {
  private(set) var rest: [Infotext.Field]
  /// What could not be read, a sentence each.
  private(set) var problems: [String] = []

  init(_ infotext: Infotext) { rest = infotext.fields }

  /// What nobody took, a sentence each: the first of them, and as much of each as can be read.
  var unread: [String] {
    let named = rest.prefix(Self.mostNamed).map { field in
      "\(Self.shortened(field.key)): \(Self.shortened(field.value)) is not something that this version can do."
    }
    return rest.count > Self.mostNamed ? named + ["It says \(rest.count - Self.mostNamed) other things."] : named
  }

  private static let mostNamed = 40

  static func shortened(_ text: String) -> String {
    text.unicodeScalars.count <= 200 ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(200))) + "..."
  }

  mutating func take(_ key: String) -> String? {
    guard let index = rest.firstIndex(where: { $0.key == key }) else { return nil }
    return rest.remove(at: index).value
  }

  mutating func skip(_ keys: [String]) { rest.removeAll { keys.contains($0.key) } }

  mutating func number<Number: LosslessStringConvertible>(_ key: String) -> Number? {
    guard let text = take(key) else { return nil }
    // Python writes whole numbers of a slider as 7.0 in places where others write 7.
    let bare = text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    if let number = Number(text) ?? Number(bare) { return number }
    problems.append("Its \(key), \(Self.shortened(text)), is no number that can be used.")
    return nil
  }

  mutating func size(_ key: String) -> Size? {
    guard let text = take(key) else { return nil }
    if let size = Size(text) { return size }
    problems.append("Its \(key), \(Self.shortened(text)), is no size.")
    return nil
  }

  /// A choice among names; those that are unknown are noted as problems.
  mutating func choice<Choice>(_ key: String, _ named: (String) throws -> Choice) -> Choice? {
    guard let text = take(key) else { return nil }
    if let choice = try? named(text) { return choice }
    refuse(key, text, "known to this version")
    return nil
  }

  /// Numbers with spaces between them; nil unless all are.
  mutating func numbers<Number: LosslessStringConvertible>(_ key: String) -> [Number]? {
    guard let text = take(key) else { return nil }
    let words = text.split(separator: " "), numbers = words.compactMap { Number(String($0)) }
    if numbers.count == words.count { return numbers }
    refuse(key, text, "a list of numbers")
    return nil
  }

  mutating func interval(_ key: String) -> ClosedRange<Float>? {
    guard let ends: [Float] = numbers(key) else { return nil }
    if ends.count == 2, ends[0] <= ends[1] { return ends[0]...ends[1] }
    refuse(key, ends.map { "\($0)" }.joined(separator: " "), "an interval")
    return nil
  }

  mutating func crop(_ key: String) -> Crop? {
    guard let place: [Int] = numbers(key) else { return nil }
    if place.count == 2 { return Crop(left: place[0], top: place[1]) }
    refuse(key, place.map { "\($0)" }.joined(separator: " "), "a place")
    return nil
  }

  private mutating func refuse(_ key: String, _ text: String, _ wanted: String) {
    problems.append("Its \(key), \(Self.shortened(text)), is not \(wanted), and is left out.")
  }
}

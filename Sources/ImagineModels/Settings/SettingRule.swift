import ImagineCheckpoint

/// What becomes of a setting of a model.
enum SettingRule: Sendable {
  /// It is honoured: who builds the networks reads and checks it.
  case read
  /// No value of it changes a picture here; the weights' shapes say the same, or it is about other programs or training.
  case harmless
  /// It may say only what is built; absent and null say nothing.
  case only([JSONValue])
  /// A list, or a single value, of nothing but these.
  case each([JSONValue])
  /// It has settings of its own.
  case settings([String: SettingRule])
  /// A list, each of which has settings of its own.
  case list([String: SettingRule])
}

/// The settings of one part of a model, as a file holds them.
///
/// The worst a program can do with a setting is to draw as if it were not there: a picture comes, and it is wrong. So
/// every key is honoured, known to be harmless, or refused by its name; and so is what is not known.
struct SettingTable: Sendable {
  /// What the person sees before the key, such as `unet`.
  let place: String
  let rules: [String: SettingRule]

  /// - Throws: `ModelError` that names the first setting which cannot be drawn by.
  func check(_ settings: JSONValue) throws {
    guard let members = settings.object else {
      throw ModelError.contradiction("\(place) is \(settings.shortDescription), where settings were expected")
    }
    // In order of names, so that the same file gives the same message every time.
    for (key, value) in members.sorted(by: { $0.key < $1.key }) where value != .null {
      // What begins with an underscore is about the program that wrote the file; a class is read.
      let rule = key.isASCII ? rules[key.text] : nil
      if key.text.utf8.first == UInt8(ascii: "_"), rule == nil { continue }
      guard let rule else {
        throw ModelError(
          .unsupported,
          "The model has the setting \(place).\(key.text.visible()) = \(value.shortDescription), which this version does not "
            + "know: use another model, or take the setting out if you know that pictures do not depend on it.")
      }
      try check(key.text, value, rule)
    }
  }

  private func check(_ key: String, _ value: JSONValue, _ rule: SettingRule) throws {
    switch rule {
    case .read, .harmless: return
    case .settings(let rules): try SettingTable(place: "\(place).\(key)", rules: rules).check(value)
    case .list(let rules):
      guard let items = value.array else {
        throw ModelError.setting(place, key, value, "a list of settings is needed")
      }
      for (index, item) in items.enumerated() {
        try SettingTable(place: "\(place).\(key)[\(index)]", rules: rules).check(item)
      }
    case .only(let known): try require(key, value, [value], among: known)
    case .each(let known): try require(key, value, value.array ?? [value], among: known)
    }
  }

  private func require(_ key: String, _ value: JSONValue, _ values: [JSONValue], among known: [JSONValue]) throws {
    if values.allSatisfy({ value in known.contains { $0.isSameSetting(as: value) } }) { return }
    let list = known.map(\.shortDescription).joined(separator: " or ")
    throw ModelError.setting(
      place, key, value, "this version draws only \(list.isEmpty ? "without it" : "with \(list)")")
  }
}

extension JSONValue {
  /// Whether two values mean one setting: 1 and 1.0 do. Texts are compared only if they can name a choice.
  fileprivate func isSameSetting(as other: JSONValue) -> Bool {
    if let number = double, let second = other.double { return number == second }
    if let word, let second = other.word { return word == second }
    switch (self, other) {
    case (.bool, .bool), (.array, .array): return self == other
    default: return false
    }
  }
}

extension [JSONValue] {
  /// Words as settings.
  static func words(_ words: String...) -> [JSONValue] { words.map(JSONValue.string) }
}

import ArgumentParser

/// One of several networks of a kind, for which options are given once for all of them, or once for each.
struct PerNetwork {
  /// What these are and how they are counted, as in "the networks that guide are".
  let networks: String
  let count: Int
  let index: Int

  /// The value that is meant for this one; nil where none is given.
  func value<Value>(_ values: [Value], _ option: String) throws -> Value? {
    guard values.count <= 1 || values.count == count else {
      throw ValidationError(
        "\(option) is given \(values.count) times, and \(networks) \(count): give it once, or once for each.")
    }
    return values.count == 1 ? values[0] : values.isEmpty ? nil : values[index]
  }
}

/// What can go wrong between a request for samples and the latents.
package enum SamplingError: Error, Hashable, CustomStringConvertible {
  /// No sampler, schedule or stream has this name.
  case unknownName(kind: String, name: String, choices: [String])
  /// The number of steps is outside what the schedule can do.
  case stepCount(Int, allowed: ClosedRange<Int>, schedule: String)
  /// A model's scheduler settings give no usable training schedule.
  case invalidNoiseSchedule(reason: String)
  /// A list of sigmas that does not fall from a positive value.
  case invalidSigmas(reason: String)
  /// A setting of a sampler or of guidance outside what it can be.
  case invalidSetting(name: String, value: String, allowed: String)
  /// The strength of change leaves no step, or asks for more levels than there can be.
  case strength(Double, steps: Int, reason: String)
  /// A mask that does not fit the latents.
  case maskSize(Int, latents: Int)
  /// The model returned another number of values than it was given.
  case valueCount(Int, expected: Int)
  /// The latents hold infinities or NaN.
  case notFinite(step: Int, count: Int)

  package var description: String {
    switch self {
    case .unknownName(let kind, let name, let choices):
      "No \(kind) is called \"\(name)\": \(Self.advice(name, choices))."
    case .stepCount(let count, let allowed, let schedule):
      "The \(schedule) schedule takes \(allowed.lowerBound) to \(allowed.upperBound) steps, not \(count): "
        + "choose another number of steps or another schedule."
    case .invalidNoiseSchedule(let reason):
      "The model's noise schedule is unusable: \(reason). Check its scheduler settings."
    case .invalidSigmas(let reason):
      "The list of sigmas is unusable: \(reason). Give falling values that start above zero."
    case .invalidSetting(let name, let value, let allowed):
      "A \(name) of \(value) is not possible: choose \(allowed)."
    case .strength(let strength, let steps, let reason):
      "A strength of \(strength) with \(steps) steps \(reason)."
    case .maskSize(let count, let latents):
      "A mask of \(count) values does not fit latents of \(latents): give one for every position."
    case .valueCount(let count, let expected):
      "The model returned \(count) values for latents of \(expected): check that it belongs to this family."
    case .notFinite(let step, let count):
      "The latents became infinite or NaN in step \(step) of \(count): try a higher precision or a lower guidance scale."
    }
  }

  /// Choices as long as they are few; of many the nearest, or the first where none is near.
  private static func advice(_ name: String, _ choices: [String]) -> String {
    guard choices.count > 12 else { return "choose one of \(choices.joined(separator: ", "))" }
    let key = String(nameKey(name).prefix(64))
    let near = choices.enumerated().map { (distance: editDistance(key, nameKey($1)), index: $0, name: $1) }
      .filter { 2 * $0.distance <= key.count }
      .sorted { ($0.distance, $0.index) < ($1.distance, $1.index) }.prefix(3).map(\.name)
    if near.isEmpty { return "choose \(choices.prefix(6).joined(separator: ", ")), or another of the \(choices.count)" }
    return "the nearest of \(choices.count) \(near.count == 1 ? "is" : "are") \(near.joined(separator: ", "))"
  }
}

/// How many letters have to be added, left out or replaced to make one name of another: Levenshtein (1966).
///
/// Names are compared as far as the longest of ours goes.
private func editDistance(_ first: String, _ second: String) -> Int {
  let (first, second) = (Array(first.prefix(64)), Array(second.prefix(64)))
  var row = Array(0...second.count)
  for (index, letter) in first.enumerated() {
    var diagonal = row[0]
    row[0] = index + 1
    for (column, other) in second.enumerated() {
      let replaced = diagonal + (letter == other ? 0 : 1)
      diagonal = row[column + 1]
      row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
    }
  }
  return row[second.count]
}

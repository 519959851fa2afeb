import Imagine

/// A schedule as people name it.
enum ScheduleChoice: Equatable, Hashable {
  /// The sampler's own, by the name A1111 has for it.
  case automatic
  case named(Schedule)

  /// - Throws: `ImagineError` with the list of schedules.
  init(_ name: String) throws {
    self =
      ["automatic", "auto", "default"].contains(name.lowercased()) ? .automatic : .named(try Schedule(named: name))
  }

  /// What is meant by a choice and a sampler such as "DPM++ 2M Karras": `automatic` names none, so that the sampler's
  /// stands.
  static func settled(_ choice: ScheduleChoice?, sampler: Schedule?, otherwise: Schedule?) -> Schedule? {
    switch choice {
    case .named(let schedule): schedule
    case .automatic: sampler
    case nil: sampler ?? otherwise
    }
  }
}

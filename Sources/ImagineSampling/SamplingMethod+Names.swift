extension SamplingMethod {
  /// Reads a sampler's name, which may end in a schedule's ("DPM++ 2M Karras", "euler_a simple"), and a schedule's name.
  ///
  /// A schedule named on its own outweighs one in the sampler's name; "automatic", "auto" and "default" name none.
  ///
  /// - Throws: ``SamplingError/unknownName(kind:name:choices:)``.
  package init(sampler name: String, schedule scheduleName: String? = nil) throws(SamplingError) {
    var method = try Self(combinedName: name)
    if let scheduleName, !Self.automaticKeys.contains(nameKey(scheduleName)) {
      method.schedule = try SigmaSchedule(name: scheduleName)
    }
    self = method
  }

  private static let gpuEnding = "gpu"
  private static let automaticKeys = ["automatic", "auto", "default"]

  private init(combinedName name: String) throws(SamplingError) {
    var key = nameKey(name)
    // ComfyUI's samplers with noise from the GPU.
    let isOnGPU =
      key.hasSuffix(Self.gpuEnding) && SamplerKind.named(key: String(key.dropLast(3)))?.type.isBrownian == true
    if isOnGPU { key = String(key.dropLast(3)) }
    if SamplerKind.named(key: key) == nil, SigmaSchedule.named(key: key) == nil {
      let endings = SigmaSchedule.allCases.flatMap { schedule in schedule.keys.map { ($0, Optional(schedule)) } }
      for (ending, schedule) in endings + Self.automaticKeys.map({ ($0, nil) }) where key.hasSuffix(ending) {
        if let sampler = SamplerKind.named(key: String(key.dropLast(ending.count))) {
          self.init(sampler, schedule: schedule)
          return
        }
      }
    }
    guard let sampler = SamplerKind.named(key: key) else {
      throw .unknownName(kind: SamplerKind.kind, name: name, choices: SamplerKind.allCases.map(\.rawValue))
    }
    self.init(sampler)
    if isOnGPU { brownianStream = .cuda }
  }

  /// The value of A1111's "Schedule type" field: "Automatic" where none is chosen, unless the sampler's own has a name there.
  package var scheduleLabel: String {
    if let schedule { return schedule.label }
    // Other programs have one of their own for all samplers.
    guard habits.likeness == nil || habits.likeness == .a1111, let own = sampler.defaultSchedule, own != .normal else {
      return "Automatic"
    }
    return own.label
  }
}

import ImagineCheckpoint

extension SchedulerConfiguration {
  init(_ layout: CheckpointLayout) throws {
    self.init()
    predictionType = try layout.predictionType()
    let schedules = ["scaled_linear": "scaled_linear", "linear": "linear"]
    betaSchedule = try layout.choice("scheduler", "beta_schedule", among: schedules) ?? betaSchedule
    betaStart = try layout.beta("beta_start", "linear_start") ?? betaStart
    betaEnd = try layout.beta("beta_end", "linear_end") ?? betaEnd
    trainTimesteps = try layout.integer("scheduler", "num_train_timesteps", in: 2...10_000) ?? trainTimesteps
    if let value = layout.note("training", "model", "params", "timesteps") {
      guard let count = value.int, 2...10_000 ~= count else {
        throw ModelError.setting("training", "timesteps", value, "a whole number from 2 to 10000 is needed")
      }
      trainTimesteps = count
    }
  }
}

extension CheckpointLayout {
  /// - Parameter original: the key of the training program's file, which outweighs diffusers' one.
  fileprivate func beta(_ key: String, _ original: String) throws -> Double? {
    guard let value = note("training", "model", "params", original) else {
      return try number("scheduler", key, in: 0...1)
    }
    guard let beta = value.double, 0...1 ~= beta else {
      throw ModelError.setting("training", original, value, "a number from 0 to 1 is needed")
    }
    return beta
  }
}

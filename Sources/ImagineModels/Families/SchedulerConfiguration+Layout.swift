import ImagineCheckpoint

extension SchedulerConfiguration {
  /// - Parameters:
  ///   - override: what the UNet predicts, in diffusers' words, where the person says it: it outweighs all.
  ///   - otherwise: what it predicts where nothing says it.
  package init(_ layout: CheckpointLayout, override: String? = nil, otherwise: String = "epsilon") throws {
    self.init()
    predictionType = try layout.predictionType(override: override, otherwise: otherwise)
    hasZeroTerminalSNR = try layout.hasZeroTerminalSNR(prediction: predictionType, isOverridden: override != nil)
    edm = try layout.edm()
    if edm != nil, predictionType == "sample" || hasZeroTerminalSNR {
      throw ModelError.contradiction("it has the noise of EDM, and says of it what goes with other noise only")
    }
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

  /// The weight whose values tell the two kinds of Stable Diffusion 2 apart, by its canonical path; in single files it is
  /// `output_blocks.11.1.transformer_blocks.0.norm1.bias`.
  package static let velocityClue = "unet.up_blocks.3.attentions.2.transformer_blocks.0.norm1.bias"

  /// What a Stable Diffusion 2 UNet predicts where nothing says it, told from the values of ``velocityClue`` as ComfyUI does:
  /// they are spread further (a deviation above 0.09) where it predicts the velocity.
  package static func prediction(clue values: [Float]) -> String {
    let count = Double(max(values.count, 1))
    let mean = values.reduce(0) { $0 + Double($1) } / count
    let variance = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
    return variance.squareRoot() > 0.09 ? "v_prediction" : "epsilon"
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

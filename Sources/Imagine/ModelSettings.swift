internal import ImagineCheckpoint
package import ImagineGraph
internal import ImagineModels
internal import ImagineSampling

// A model's configuration speaks diffusers' words; here they become this library's types.

extension ModelSampling {
  init(_ scheduler: SchedulerConfiguration) throws {
    guard let betaSchedule = NoiseSchedule.BetaSchedule(rawValue: scheduler.betaSchedule) else {
      throw ImagineError(
        .unsupportedModel,
        "The model's beta schedule \(quoted(scheduler.betaSchedule)) is not one this version knows: use another model.")
    }
    let training = try NoiseSchedule(
      betaSchedule: betaSchedule, betaStart: scheduler.betaStart, betaEnd: scheduler.betaEnd,
      count: scheduler.trainTimesteps, zeroTerminalSNR: scheduler.hasZeroTerminalSNR)
    self.init(training, prediction: try PredictionType(configured: scheduler.predictionType))
  }
}

extension PredictionType {
  init(configured name: String) throws {
    guard let type = PredictionType(rawValue: name) else {
      throw ImagineError(
        .unsupportedModel,
        "The model's prediction type \(quoted(name)) is not one this version knows: use another model.")
    }
    self = type
  }
}

extension Precision {
  package var graph: ImagineGraph.Precision {
    switch self {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    }
  }
}

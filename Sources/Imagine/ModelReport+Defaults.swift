internal import ImagineEngine
internal import ImagineModels
internal import ImagineSampling

extension ModelReport {
  /// What a model is drawn with where a request leaves it open.
  public struct Defaults: Sendable, Hashable, CustomStringConvertible {
    public let size: Size
    public let steps: Int
    public let guidanceScale: Float
    public let sampler: Sampler
    /// Nil for the sampler's own.
    public let schedule: Schedule?

    init(_ opened: OpenedModel) {
      let defaults = opened.model.defaults
      size = Size(width: defaults.width, height: defaults.height)
      steps = defaults.steps
      guidanceScale = defaults.guidanceScale
      sampler = Sampler(opened.method.sampler)
      schedule = opened.method.schedule.map(Schedule.init)
    }

    /// Such as `1024x1024, 20 steps, guidance 5, euler, schedule trailing`.
    public var description: String {
      let guidance = Int(exactly: guidanceScale).map(String.init) ?? "\(guidanceScale)"
      let words = ["\(size)", steps == 1 ? "1 step" : "\(steps) steps", "guidance \(guidance)", sampler.name]
      return (words + [schedule.map { "schedule \($0.name)" }].compactMap { $0 }).joined(separator: ", ")
    }
  }
}

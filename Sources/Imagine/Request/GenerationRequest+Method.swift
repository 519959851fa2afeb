internal import ImagineSampling

/// What a request says of the way from noise to a picture, for the engine.
extension GenerationRequest {
  /// - Throws: `ImagineError` with code `invalidRequest` for settings that are not possible.
  func method(_ sampler: Sampler) throws -> SamplingMethod {
    var method = SamplingMethod(sampler.kind, schedule: schedule?.kind)
    method.habits = SamplingHabits(likeness?.kind)
    method.habits.etaNoiseSeedDelta = samplerSettings.noiseSeedDelta ?? 0
    if let stream = sampler.brownianStream { method.brownianStream = stream }
    method.settings = ImagineSampling.SamplerSettings(samplerSettings)
    try ImagineError.translating { try method.settings.validate() }
    return method
  }

  /// - Throws: `ImagineError` with code `invalidRequest` for settings that are not possible.
  func guidance(_ scale: Float) throws -> Guidance {
    var result = Guidance(scale: scale, pictureScale: guidance.pictureScale)
    result.rescale = guidance.rescale
    result.interval = guidance.interval
    result.minimumSigma = guidance.minimumSigma
    try ImagineError.translating { try result.validate() }
    return result
  }
}

extension ImagineSampling.SamplerSettings {
  fileprivate init(_ settings: SamplerSettings) {
    self.init()
    eta = settings.eta
    churn = settings.churn
    churnMinimum = settings.churnMinimum
    churnMaximum = settings.churnMaximum
    noise = settings.noise
    sigmas = settings.sigmas
  }
}

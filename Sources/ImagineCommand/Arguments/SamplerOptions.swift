import ArgumentParser
import Imagine

/// What a sampler and guidance are told beside their names.
struct SamplerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How much of the noise that is taken away comes back anew, for DDIM (default 0) and the samplers that add noise "
        + "(default 1).", valueName: "x"))
  var eta: Double?

  @Option(
    name: .customLong("s-churn"),
    help: ArgumentHelp("Euler, Heun, DPM2: noise added before each step. Default: 0.", valueName: "x"))
  var churn: Double?

  @Option(name: .customLong("s-tmin"), help: ArgumentHelp("The lowest noise level for that.", valueName: "sigma"))
  var churnMinimum: Double?

  @Option(
    name: .customLong("s-tmax"), help: ArgumentHelp("The highest noise level for that.", valueName: "sigma"))
  var churnMaximum: Double?

  @Option(
    name: .customLong("s-noise"),
    help: ArgumentHelp("How strong noise is that is added on the way. Default: 1.", valueName: "x"))
  var noise: Double?

  @Option(
    help: ArgumentHelp(
      "The noise levels themselves, falling, in place of --schedule and --steps: 14.6,7.5,2.7,0.9,0.", valueName: "list"
    ),
    transform: { text in
      let parts = text.split { ", \t[]".contains($0) }
      let numbers = parts.compactMap { Float($0) }
      guard !numbers.isEmpty, numbers.count == parts.count else {
        throw ValidationError("give falling numbers with commas between them, such as 14.6,7.5,2.7,0.9,0")
      }
      return numbers
    })
  var sigmas: [Float]?

  @Option(
    name: [.customLong("guidance-rescale"), .customLong("cfg-rescale")],
    help: ArgumentHelp(
      "How far guidance's contrast is taken back, 0 to 1; 0.7 suits models without signal in their first step. Default: 0.",
      valueName: "x"))
  var guidanceRescale: Float?

  @Option(
    help: ArgumentHelp(
      "Noise levels between which there is guidance, such as 0.28,5.4: quicker, since half the work is left out elsewhere.",
      valueName: "LOW,HIGH"),
    transform: { text in
      let numbers = text.split(separator: ",", omittingEmptySubsequences: false).compactMap { Float($0) }
      guard numbers.count == 2, numbers[0] >= 0, numbers[0] < numbers[1] else {
        throw ValidationError("give two rising numbers such as 0.28,5.4")
      }
      return numbers[0]...numbers[1]
    })
  var guidanceInterval: ClosedRange<Float>?

  @Option(
    name: [.long, .customLong("s-min-uncond")],
    help: ArgumentHelp(
      "The noise level below which every other step goes without guidance (AUTOMATIC1111's Negative Guidance minimum sigma). "
        + "Default: 0.", valueName: "sigma"))
  var ngms: Float?

  @Option(
    name: [.customLong("cache")],
    help: ArgumentHelp(
      "Run the whole model only at every n-th step, and its outer layers in between: deep:2 is hardly seen, deep:3 a little. "
        + "deep:3:1 runs one layer more.", valueName: "deep:n"),
    transform: { text in
      let parts = text.lowercased().split(separator: ":", omittingEmptySubsequences: false)
      let numbers = parts.dropFirst().compactMap { Int($0) }
      guard parts.first == "deep", 1...2 ~= numbers.count, numbers.count == parts.count - 1 else {
        throw ValidationError("give deep and a number of steps, such as deep:3")
      }
      return FeatureCache(interval: numbers[0], branch: numbers.count > 1 ? numbers[1] : 0)
    })
  var cache: FeatureCache?

  func validate() throws {
    let limited: [(String, Double?, ClosedRange<Double>)] = [
      ("--eta", eta, 0...10), ("--s-churn", churn, 0...1e4), ("--s-noise", noise, 0...10),
      ("--guidance-rescale", guidanceRescale.map(Double.init), 0...1), ("--ngms", ngms.map(Double.init), 0...1e4),
    ]
    for (name, value, range) in limited {
      if let value, !range.contains(value) {
        throw ValidationError("\(name) \(value) is not possible: choose \(range.lowerBound) to \(range.upperBound).")
      }
    }
  }

  func apply(to request: inout GenerationRequest) {
    if let eta { request.samplerSettings.eta = eta }
    if let churn { request.samplerSettings.churn = churn }
    if let churnMinimum { request.samplerSettings.churnMinimum = churnMinimum }
    if let churnMaximum { request.samplerSettings.churnMaximum = churnMaximum }
    if let noise { request.samplerSettings.noise = noise }
    if let sigmas { request.samplerSettings.sigmas = sigmas }
    if let guidanceRescale { request.guidance.rescale = guidanceRescale }
    if let guidanceInterval { request.guidance.interval = guidanceInterval }
    if let cache { request.featureCache = cache }
    if let ngms { request.guidance.minimumSigma = ngms }
  }
}

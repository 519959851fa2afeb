internal import Foundation
internal import ImagineAdapters
internal import ImagineCPU
internal import ImagineGraph
internal import Logging

/// What a runner's weights are beside the model's own.
struct AppliedAdapters {
  /// The model's own weights.
  let base: any WeightSource
  private(set) var list: [AdaptedWeights.Applied] = []
  private(set) var touched: Set<String> = []

  init(_ base: any WeightSource) { self.base = base }

  /// Takes others in place of those it has.
  ///
  /// - Returns: what the weights are read from now on, and which differ from before.
  mutating func replace(
    by list: [AdaptedWeights.Applied], _ parameters: [String: Shape]
  ) throws -> (source: any WeightSource, changed: Set<String>) {
    let before = touched
    let features = try CPUFeatureLimit.permitted(by: ProcessInfo.processInfo.environment)
    let adapted = AdaptedWeights(base, parameters, list, features: features.rawValue)
    (self.list, touched) = (list, adapted.touched)
    return (list.isEmpty ? base : adapted, before.union(touched))
  }
}

extension NetworkRunner {
  /// Has the model's weights changed by these adapters, and by no others, from now on.
  ///
  /// What is in memory of the weights concerned is merged anew from the model's own, in its place; all else stays, plans
  /// among it. Where nothing changes nothing is done.
  ///
  /// - Parameter report: hears that it takes a moment.
  /// - Throws: what reading the weights throws; then nothing of the model is in memory, and no adapter is applied.
  func apply(
    _ list: [AdaptedWeights.Applied], to parameters: [String: Shape], report: Report
  ) throws {
    guard list != adapters.list else { return }
    report(.stage(.preparing("LoRAs")))
    let start = ContinuousClock.now
    do {
      let (source, changed) = try adapters.replace(by: list, parameters)
      try read(source, changed: changed)
      log.debug(
        "changed the LoRAs",
        metadata: [
          "weights": "\(changed.count)", "files": "\(list.map(\.adapter.file.name).joined(separator: ", "))",
          "milliseconds": "\(Int(start.duration(to: .now) / .milliseconds(1)))",
        ])
    } catch {
      for network in networks { network.drop() }
      adapters = AppliedAdapters(adapters.base)
      try read(adapters.base, changed: [])
      throw error
    }
  }
}

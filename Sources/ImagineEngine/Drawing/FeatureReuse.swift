internal import ImagineGraph
internal import ImagineModels
internal import Synchronization

/// How often the whole denoiser is run (DeepCache).
package struct FeatureReuse: Sendable, Hashable {
  /// Of so many calls, the first is of the whole denoiser.
  package var interval: Int
  /// The skip that the kept feature is joined to.
  package var branch: Int

  package init(interval: Int, branch: Int) {
    self.interval = interval
    self.branch = branch
  }
}

/// What the denoiser's inner layers said last, in one pass of one picture, prompt by prompt.
final class KeptFeatures: Sendable {
  private let reuse: FeatureReuse
  private let features = Mutex<[Key: HostTensor]>([:])

  private struct Key: Hashable {
    let model: ObjectIdentifier
    let row: DenoiserRow.Meaning
  }

  init(_ reuse: FeatureReuse) { self.reuse = reuse }

  /// What is done with features at a call, and the input that goes with it.
  ///
  /// The whole denoiser is run also where nothing is known of a prompt yet.
  func use(
    _ rows: [DenoiserRow], of model: OpenedModel, call: Int
  ) -> (caching: DenoiserAdditions.Caching, inputs: [String: HostTensor]) {
    let kept = call % reuse.interval == 0 ? [] : known(rows, model)
    guard kept.count == rows.count else { return (.keeps(branch: reuse.branch), [:]) }
    return (.uses(branch: reuse.branch), ["cached": HostTensor(joining: kept)])
  }

  private func known(_ rows: [DenoiserRow], _ model: OpenedModel) -> [HostTensor] {
    features.withLock { features in
      rows.compactMap { features[Key(model: ObjectIdentifier(model), row: $0.meaning)] }
    }
  }

  /// - Parameter results: of the denoiser: the feature is behind the prediction where it was to be kept.
  func keep(_ results: [HostTensor], of rows: [DenoiserRow], _ model: OpenedModel) {
    guard results.count > 1 else { return }
    features.withLock { features in
      for (index, row) in rows.enumerated() {
        features[Key(model: ObjectIdentifier(model), row: row.meaning)] = results[1].row(index)
      }
    }
  }
}

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
  /// What is done with features at a call.
  struct Use {
    let caching: DenoiserAdditions.Caching
    /// Of all rows, where one is used.
    var feature: HostTensor?
    /// What went into the denoiser beside prompts when it was kept: networks that say it are not run in between, either.
    var guides: StepAdditions?
  }

  private struct Kept {
    let feature: HostTensor
    let guides: StepAdditions
  }

  private struct Key: Hashable {
    let model: ObjectIdentifier
    let row: DenoiserRow.Meaning

    init(_ model: OpenedModel, _ row: DenoiserRow) { (self.model, self.row) = (ObjectIdentifier(model), row.meaning) }
  }

  private let reuse: FeatureReuse
  /// By rows that are run together.
  private let kept = Mutex<[[Key]: Kept]>([:])

  init(_ reuse: FeatureReuse) { self.reuse = reuse }

  /// The whole denoiser is run also where rows were not run together before, as where guidance begins or ends on the way.
  func use(_ rows: [DenoiserRow], of model: OpenedModel, call: Int) -> Use {
    let known = call % reuse.interval == 0 ? nil : kept.withLock { $0[rows.map { Key(model, $0) }] }
    guard let known else { return Use(caching: .keeps(branch: reuse.branch)) }
    return Use(caching: .uses(branch: reuse.branch), feature: known.feature, guides: known.guides)
  }

  /// - Parameter results: of the denoiser: the feature is behind the prediction where it was to be kept.
  func keep(_ results: [HostTensor], _ guides: StepAdditions, of rows: [DenoiserRow], _ model: OpenedModel) {
    guard results.count > 1 else { return }
    kept.withLock { $0[rows.map { Key(model, $0) }] = Kept(feature: results[1], guides: guides) }
  }
}

internal import ImagineCheckpoint

extension Adapter {
  /// Every tensor of the file.
  package var allTensors: Int { tensorCount + leftovers.count }

  /// Names of leftovers that are shown.
  private static let mostNamed = 5

  /// Refuses an adapter that changes nothing of a model, and one that changes it in part.
  ///
  /// - Parameters:
  ///   - model: what the model is, as `Stable Diffusion 1`.
  ///   - family: the same, where adapters know it.
  ///   - allowsPart: whether tensors may be left over.
  /// - Throws: `AdapterError` that counts the tensors and names the first of those left over.
  package func requireFit(_ model: String, _ family: AdapterFamily?, allowsPart: Bool) throws(AdapterError) {
    guard !leftovers.isEmpty, tensorCount == 0 || !allowsPart else { return }
    let file = quoted(file.fileName)
    let kinds = Set(leftovers.compactMap { if case .unsupported(let kind) = $0.reason { kind } else { nil } })
    if let kind = kinds.min() {
      throw AdapterError(
        .unsupported,
        "\(file) is an adapter with \(kind), which this version does not know (\(named)): use one of another kind.")
    }
    if let made = AdapterFamily(self.file), made != family {
      throw AdapterError(
        .wrongModel,
        "\(file) was made for \(made.rawValue), and the model is \(model): \(tensorCount) of its \(allTensors) tensors fit "
          + "(not \(named)); use one that was made for \(model).")
    }
    if tensorCount == 0 {
      throw AdapterError(
        .wrongModel,
        "Of \(file) none of the \(allTensors) tensors fits the model (\(named)): it is no LoRA, or of another model.")
    }
    throw AdapterError(
      .wrongModel,
      "Of \(file) \(tensorCount) of \(allTensors) tensors fit the model, the others do not (\(named)): use one that was made "
        + "for it, or allow it to be applied in part.")
  }

  /// The first tensors that are left over, with what is the matter.
  package var named: String {
    let shown = leftovers.prefix(Self.mostNamed).map { leftover in
      switch leftover.reason {
      case .unknownName: quoted(leftover.name)
      case .shape: "\(quoted(leftover.name)) of another shape"
      case .incomplete: "\(quoted(leftover.name)) without what belongs with it"
      case .unsupported(let kind): "\(quoted(leftover.name)) of \(kind)"
      }
    }
    let rest = leftovers.count - shown.count
    return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }
}

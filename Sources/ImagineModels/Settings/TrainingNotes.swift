import ImagineCheckpoint

/// What a model says of its training outside of diffusers' configurations: by tensors whose presence is the message, by
/// notes in the header (Stability AI's ModelSpec), and by the training program's own file.
extension CheckpointLayout {
  /// What the UNet's output means, in diffusers' words.
  ///
  /// - Throws: `ModelError` if what is said is not known, or contradicts itself. The training program's file is put beside a
  ///   model by hand, so it outweighs what is inside.
  func predictionType() throws -> String {
    let names = ["epsilon", "v_prediction", "sample"]
    let diffusers = Dictionary(uniqueKeysWithValues: names.map { ($0, $0) })
    let original = ["eps": "epsilon", "v": "v_prediction", "x0": "sample"]
    if let value = note("training", "model", "params", "parameterization") {
      guard let type = value.word.flatMap({ original[$0] }) else {
        throw ModelError.setting("training", "parameterization", value, "this version knows eps, v and x0")
      }
      return type
    }
    var claims: [(source: String, type: String)] = []
    if let type = try choice("scheduler", "prediction_type", among: diffusers) {
      claims.append(("scheduler.prediction_type", type))
    }
    if let text = notes["modelspec.prediction_type"] {
      guard let type = JSONValue.string(text).word.flatMap({ diffusers[$0] ?? original[$0] }) else {
        throw ModelError.setting("modelspec", "prediction_type", .string(text), "this version knows epsilon and v")
      }
      claims.append(("modelspec.prediction_type", type))
    }
    if markers.contains("v_pred") { claims.append(("the tensor v_pred", "v_prediction")) }
    guard let first = claims.first else { return "epsilon" }
    if let other = claims.first(where: { $0.type != first.type }) {
      throw ModelError.contradiction(
        "\(first.source) says that it predicts \(first.type), and \(other.source) that it predicts \(other.type)")
    }
    return first.type
  }

  /// - Throws: `ModelError` that names what is asked for and cannot be drawn by.
  func checkNotes() throws {
    for (marker, meaning) in Self.refusedMarkers where markers.contains(marker) {
      throw ModelError(
        .unsupported,
        "The model is marked '\(marker)': it was trained with \(meaning), which this version does not draw; use another "
          + "model.")
    }
    for (key, allowed) in Self.allowedNotes {
      guard let text = notes[key] else { continue }
      guard let word = JSONValue.string(text).word, allowed.contains(word) else {
        throw ModelError.setting("metadata", key, .string(text), "this version draws only with \(allowed[0])")
      }
    }
  }

  private static let refusedMarkers = [
    ("ztsnr", "noise without signal at its last level (zero terminal SNR)"),
    ("edm_mean", "the noise of EDM"), ("edm_std", "the noise of EDM"), ("edm_vpred.sigma_max", "the noise of EDM"),
    ("edm_vpred.sigma_min", "the noise of EDM"),
  ]

  private static let allowedNotes = [
    // The layer of the text encoder that was trained with, counted from the end ("clip skip").
    ("modelspec.encoder_layer", ["1", "-1", "last"]),
    ("modelspec.timestep_range", ["0,1000", "0,999"]),
    ("ss_zero_terminal_snr", ["False", "false", "None"]),
  ]
}

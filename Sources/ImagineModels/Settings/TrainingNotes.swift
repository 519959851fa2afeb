import ImagineCheckpoint

/// What a model says of its training outside of diffusers' configurations: by tensors whose presence is the message, by
/// notes in the header (Stability AI's ModelSpec), and by the training program's own file.
extension CheckpointLayout {
  /// diffusers' names of what a network predicts, and those of the original programs.
  private static let predictions = [
    "epsilon": "epsilon", "v_prediction": "v_prediction", "sample": "sample",
    "eps": "epsilon", "v": "v_prediction", "x0": "sample",
  ]

  /// What the UNet's output means, in diffusers' words.
  ///
  /// - Parameters:
  ///   - override: what the person says, which outweighs all.
  ///   - otherwise: what holds where nothing says it.
  /// - Throws: `ModelError` if what is said is not known, or contradicts itself. The training program's file is put beside a
  ///   model by hand, so it outweighs what is inside.
  func predictionType(override: String? = nil, otherwise: String = "epsilon") throws -> String {
    if let override {
      guard let type = Self.predictions[override] else {
        throw ModelError(
          .unsupported,
          "No prediction is called \(quoted(override)): choose epsilon, v_prediction or sample.")
      }
      return type
    }
    if let type = try trainedPrediction() { return type }
    var claims: [(source: String, type: String)] = []
    let names = ["epsilon", "v_prediction", "sample"]
    if let type = try choice("scheduler", "prediction_type", among: Self.predictions.filter { names.contains($0.key) })
    {
      claims.append(("scheduler.prediction_type", type))
    }
    if let text = notes["modelspec.prediction_type"] {
      guard let type = JSONValue.string(text).word.flatMap({ Self.predictions[$0] }) else {
        throw ModelError.setting("modelspec", "prediction_type", .string(text), "this version knows epsilon and v")
      }
      claims.append(("modelspec.prediction_type", type))
    }
    if hasEDMStatistics { claims.append(("the tensor edm_mean", "epsilon")) }
    if markers.contains("edm_vpred.sigma_max") { claims.append(("the tensor edm_vpred.sigma_max", "v_prediction")) }
    if markers.contains("v_pred") { claims.append(("the tensor v_pred", "v_prediction")) }
    guard let first = claims.first else { return otherwise }
    if let other = claims.first(where: { $0.type != first.type }) {
      throw ModelError.contradiction(
        "\(first.source) says that it predicts \(first.type), and \(other.source) that it predicts \(other.type)")
    }
    return first.type
  }

  /// What the training program's file says: the original one's by a word, its successor's by the class that scales.
  private func trainedPrediction() throws -> String? {
    if let value = note("training", "model", "params", "parameterization") {
      guard let type = value.word.flatMap({ ["eps", "v", "x0"].contains($0) ? Self.predictions[$0] : nil }) else {
        throw ModelError.setting("training", "parameterization", value, "this version knows eps, v and x0")
      }
      return type
    }
    let scaling = note("training", "model", "params", "denoiser_config", "params", "scaling_config", "target")
    return switch scaling?.word?.split(separator: ".").last {
    case "EpsScaling": "epsilon"
    case "VScaling": "v_prediction"
    default: nil
    }
  }

  /// Whether the last timestep was noise alone in training ("zero terminal SNR").
  ///
  /// - Parameters:
  ///   - prediction: what the UNet predicts.
  ///   - isOverridden: whether the person says so.
  /// - Throws: `ModelError` if the model predicts the noise: where there is nothing else, that says nothing of a picture.
  func hasZeroTerminalSNR(prediction: String, isOverridden: Bool) throws -> Bool {
    var sources: [(place: String, key: String)] = []
    if markers.contains("ztsnr") { sources.append(("tensors", "ztsnr")) }
    for (place, key, path) in [
      ("scheduler", "rescale_betas_zero_snr", ["rescale_betas_zero_snr"]),
      ("training", "zero_terminal_snr", ["model", "params", "zero_terminal_snr"]),
    ] {
      guard let value = path.reduce(configurations[place], { $0?[$1] }) else { continue }
      guard let isSaid = value.bool else { throw ModelError.setting(place, key, value, "true or false is needed") }
      if isSaid { sources.append((place, key)) }
    }
    if let text = notes["ss_zero_terminal_snr"] {
      let said = JSONValue.string(text).word.flatMap {
        ["True": true, "true": true, "False": false, "false": false, "None": false][$0]
      }
      guard let said else {
        throw ModelError.setting("metadata", "ss_zero_terminal_snr", .string(text), "True or False is needed")
      }
      if said { sources.append(("metadata", "ss_zero_terminal_snr")) }
    }
    guard let source = sources.first else { return false }
    guard prediction == "epsilon" else { return true }
    if isOverridden { return false }
    throw ModelError(
      .unsupported,
      "The model says by \(source.place).\(source.key) that its last noise level holds noise alone, and what predicts the noise, "
        + "as this model says of itself or leaves to be assumed, says nothing of a picture there: say what it predicts, or use "
        + "another model.")
  }

  /// - Throws: `ModelError` that names what is asked for and cannot be drawn by.
  func checkNotes() throws {
    for (marker, other) in [("edm_mean", "edm_std"), ("edm_std", "edm_mean")] {
      try require(
        !markers.contains(marker) || markers.contains(other), "it has the tensor \(marker) and no \(other)")
    }
    for (key, allowed) in Self.allowedNotes {
      guard let text = notes[key] else { continue }
      guard let word = JSONValue.string(text).word, allowed.contains(word) else {
        throw ModelError.setting("metadata", key, .string(text), "this version draws only with \(allowed[0])")
      }
    }
  }

  private static let allowedNotes = [("modelspec.timestep_range", ["0,1000", "0,999"])]
}

/// How prompts were read in training.
extension CheckpointLayout {
  /// Which layer of the text encoder the model was trained with, counted from the last one, which is 1 ("clip skip"); nil
  /// where nothing says it.
  ///
  /// - Throws: `ModelError` for what names no layer.
  package func clipSkip() throws -> Int? {
    guard let text = notes["modelspec.encoder_layer"] else { return nil }
    let word = JSONValue.string(text).word ?? ""
    if let named = ["last": 1, "penultimate": 2][word] { return named }
    guard let number = Int(word)?.magnitude, 1...12 ~= number else {
      throw ModelError.setting("metadata", "modelspec.encoder_layer", .string(text), "a number from 1 to 12 is needed")
    }
    return Int(number)
  }

  /// The token that fills a prompt up; nil where nothing says it, and that is the end of a text for CLIP ViT-L and `!` for
  /// OpenCLIP's encoders.
  ///
  /// - Parameter tokenizer: `tokenizer` or `tokenizer_2`.
  package func padding(of tokenizer: String) -> Int32? {
    switch note(tokenizer, "pad_token")?.word {
    case "<|endoftext|>": 49407
    case "!": 0
    default: nil
    }
  }
}

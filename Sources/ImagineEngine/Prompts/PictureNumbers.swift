internal import ImagineModels
internal import ImagineSampling
internal import ImagineText

extension PictureRequest {
  /// - Throws: `EngineError` if a text encoder of the model has no such layer as is asked for.
  package func requireLayers(of model: OpenedModel) throws {
    for text in model.model.conditioning.texts { _ = try skippedLayers(of: text) }
  }

  /// How the numbers of edits in the prompts become calls of the model.
  var editTiming: EditTiming {
    EditTiming(
      calls: steps * method.sampler.callsPerStep, after: callsBefore, rule: countsEditsAnew ? .old : .current)
  }

  /// What a model is told of the picture; a negative prompt's is the same but where the request says otherwise.
  func value(_ number: Conditioning.PictureNumber, isNegative: Bool) -> Float {
    let original = isNegative ? negativeOriginalSize ?? originalSize : originalSize
    let crop = isNegative ? negativeCrop ?? crop : crop
    let target = isNegative ? negativeTargetSize ?? targetSize : targetSize
    return switch number {
    case .originalHeight: Float(original?.height ?? height)
    case .originalWidth: Float(original?.width ?? width)
    case .cropTop: Float(crop.y)
    case .cropLeft: Float(crop.x)
    case .targetHeight: Float(target?.height ?? height)
    case .targetWidth: Float(target?.width ?? width)
    case .aestheticScore: isNegative ? negativeAestheticScore : aestheticScore
    }
  }

  /// - Throws: `EngineError` if the encoder has no such layer.
  func skippedLayers(of text: Conditioning.Text) throws -> Int {
    guard let clipSkip else { return text.skippedLayers }
    let skipped = clipSkip - 1 - text.absentLayers
    guard 0..<text.layers ~= skipped else {
      throw EngineError(
        .invalidRequest,
        "A clip skip of \(clipSkip) is not possible with this model: choose \(1 + text.absentLayers) to "
          + "\(text.layers + text.absentLayers).")
    }
    return skipped
  }
}

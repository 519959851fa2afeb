internal import ImagineGraph
internal import ImagineModels
internal import ImagineSampling
internal import ImagineText

/// What a denoiser is told at every step beside the noisy latents, for all prompts that it runs for at once: the negative
/// one's values first.
struct Conditions: Sendable {
  /// By the names of the denoiser's inputs, each [prompts, ...].
  let inputs: [String: HostTensor]
  /// Values behind the latents' channels, [1, h, w, C]; nil for denoisers that take latents alone.
  let extra: HostTensor?
  let prompts: Int
  /// Of each prompt.
  let tokens: Int
}

/// Carries out a model's recipe for its conditions.
struct ConditionsMaker {
  let runner: NetworkRunner
  let policy: MemoryPolicy
  let report: NetworkRunner.Report

  func make(_ request: PictureRequest, _ tokens: PromptTokens, _ recorder: TensorRecorder?) throws -> Conditions {
    let recipe = runner.model.conditioning
    var context: HostTensor?
    var inputs: [String: HostTensor] = [:]
    for (index, text) in recipe.texts.enumerated() {
      let ids = tokens.ids(padding: text.padding)
      let wantsPooled = recipe.pooled == index
      let results = try encode(ids, text, request, pooled: wantsPooled)
      let hidden = joined(results[0], sequences: tokens.sequences)
      context = context.map { $0.joinedChannels(with: hidden) } ?? hidden
      if wantsPooled, results.count > 1 {
        inputs["text_embeds"] = firstOfEach(results[1], sequences: tokens.sequences)
      }
      recorder?.add(ids: ids, sequences: tokens.sequences, guided: tokens.prompts == 2, encoder: index)
    }
    guard var context else { throw GraphError("the model has no text encoder") }
    if recipe.zeroesEmptyNegative, tokens.prompts == 2, request.negativePrompt.isEmpty {
      context = context.zeroingFirstRow()
      inputs["text_embeds"] = inputs["text_embeds"].map { $0.zeroingFirstRow() }
    }
    recorder?.add("context", context)
    if let pooled = inputs["text_embeds"] { recorder?.add("pooled", pooled) }
    inputs["context"] = context
    if !recipe.numbers.isEmpty {
      let rows = (0..<tokens.prompts).map { row in
        recipe.numbers.map { request.value($0, isNegative: row == 0 && tokens.prompts == 2) }
      }
      inputs["time_ids"] = HostTensor([tokens.prompts, recipe.numbers.count], rows.flatMap { $0 })
    }
    if let width = recipe.guidanceWidth {
      let vector = guidanceEmbedding(scale: request.guidance.scale, width: width)
      inputs["timestep_cond"] = HostTensor([tokens.prompts, width], (0..<tokens.prompts).flatMap { _ in vector })
    }
    return Conditions(
      inputs: inputs, extra: try extra(request), prompts: tokens.prompts, tokens: context.shape[1])
  }

  private func encode(
    _ ids: [[Int32]], _ text: Conditioning.Text, _ request: PictureRequest, pooled: Bool
  ) throws -> [HostTensor] {
    var shape = NetworkShape(rows: ids.count)
    shape.skippedLayers = try request.skippedLayers(of: text)
    var inputs = ["ids": HostTensor([ids.count, CLIPTokenizer.sequenceLength], ids.flatMap { $0 })]
    if pooled {
      // A row of weights that picks the vector at the end of the text.
      let rows = ids.map { row in
        let end = row.firstIndex(of: CLIPTokenizer.endOfText) ?? row.count - 1
        return row.indices.map { Float($0 == end ? 1 : 0) }
      }
      inputs["pooling"] = HostTensor([ids.count, 1, CLIPTokenizer.sequenceLength], rows.flatMap { $0 })
    }
    return try runner.run(text.role, shape, inputs, policy, report: report)
  }

  /// The sequences of each prompt behind each other: [prompts * sequences, 77, D] -> [prompts, sequences * 77, D].
  private func joined(_ hidden: HostTensor, sequences: Int) -> HostTensor {
    HostTensor([hidden.shape[0] / sequences, sequences * hidden.shape[1], hidden.shape[2]], hidden.floats)
  }

  /// The vector of each prompt's first sequence, as other programs take it: [prompts * sequences, P] -> [prompts, P].
  private func firstOfEach(_ pooled: HostTensor, sequences: Int) -> HostTensor {
    let width = pooled.shape[1], floats = pooled.floats, prompts = pooled.shape[0] / sequences
    return HostTensor(
      [prompts, width], (0..<prompts).flatMap { floats[$0 * sequences * width..<($0 * sequences + 1) * width] })
  }

  /// Without a picture in the request: all of it is to be painted, or there is none to change.
  private func extra(_ request: PictureRequest) throws -> HostTensor? {
    let latent = runner.model.latent
    let height = request.height / latent.reduction, width = request.width / latent.reduction
    return try runner.model.conditioning.planes.reduce(nil as HostTensor?) { joined, plane in
      let next =
        switch plane {
        case .mask: HostTensor([1, height, width, 1], [Float](repeating: 1, count: height * width))
        case .picture:
          HostTensor(
            [1, height, width, latent.channels], [Float](repeating: 0, count: height * width * latent.channels))
        case .maskedPicture: try greyLatents(height: height, width: width)
        }
      return joined.map { $0.joinedChannels(with: next) } ?? next
    }
  }

  /// The latents of a grey picture, [1, h, w, C]: the mean of what the autoencoder makes of it.
  private func greyLatents(height: Int, width: Int) throws -> HostTensor {
    let latent = runner.model.latent, side = latent.reduction
    let grey = [Float](repeating: 0, count: height * side * width * side * 3)
    let moments = try runner.run(
      .encoder, NetworkShape(height: height, width: width),
      ["pixels": HostTensor([1, height * side, width * side, 3], grey)], policy, report: report)[0]
    let floats = moments.floats, stride = moments.shape.last
    let values = (0..<height * width).flatMap { position in
      floats[position * stride..<position * stride + latent.channels].map { $0 * latent.scale }
    }
    return HostTensor([1, height, width, latent.channels], values)
  }
}

extension PictureRequest {
  /// - Throws: `EngineError` if a text encoder of the model has no such layer as is asked for.
  package func requireLayers(of model: OpenedModel) throws {
    for text in model.model.conditioning.texts { _ = try skippedLayers(of: text) }
  }

  fileprivate func value(_ number: Conditioning.PictureNumber, isNegative: Bool) -> Float {
    switch number {
    case .originalHeight: Float(originalSize?.height ?? height)
    case .originalWidth: Float(originalSize?.width ?? width)
    case .cropTop: Float(crop.y)
    case .cropLeft: Float(crop.x)
    case .targetHeight: Float(targetSize?.height ?? height)
    case .targetWidth: Float(targetSize?.width ?? width)
    case .aestheticScore: isNegative ? 2.5 : 6
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

extension HostTensor {
  /// [..., C] and [..., D] -> [..., C + D]
  func joinedChannels(with other: HostTensor) -> HostTensor {
    let first = shape.last, second = other.shape.last, rows = shape.count / first
    let (a, b) = (floats, other.floats)
    var values: [Float] = []
    values.reserveCapacity(rows * (first + second))
    for row in 0..<rows {
      values += a[row * first..<(row + 1) * first]
      values += b[row * second..<(row + 1) * second]
    }
    return HostTensor(shape.replacing(axis: shape.rank - 1, with: first + second), values)
  }

  /// The same with zeros for the first of the prompts.
  fileprivate func zeroingFirstRow() -> HostTensor {
    let count = shape.count / shape[0]
    return HostTensor(shape, [Float](repeating: 0, count: count) + floats[count...])
  }
}

extension TensorRecorder {
  /// Notes both prompts' values of [prompts, ...]: the negative prompt's are the first of two.
  func add(_ name: String, _ tensor: HostTensor) {
    let shape = [1] + tensor.shape.dimensions.dropFirst(), values = tensor.floats
    let one = values.count / tensor.shape[0]
    add("\(name).positive", shape, Array(values.suffix(one)))
    if tensor.shape[0] == 2 { add("\(name).negative", shape, Array(values.prefix(one))) }
  }

  /// Notes both prompts' tokens for an encoder.
  fileprivate func add(ids: [[Int32]], sequences: Int, guided: Bool, encoder: Int) {
    let name = encoder == 0 ? "tokens" : "tokens_\(encoder + 1)"
    func add(_ kind: String, _ rows: some Sequence<[Int32]>) {
      let values = rows.flatMap { $0 }
      self.add("\(name).\(kind)", [1, values.count], values)
    }
    add("positive", ids.suffix(sequences))
    if guided { add("negative", ids.prefix(sequences)) }
  }
}

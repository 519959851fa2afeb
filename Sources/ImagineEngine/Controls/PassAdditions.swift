internal import ImagineGraph
internal import ImagineModels

/// What guides the denoiser beside prompts in a pass, made ready before its first step.
struct PassAdditions: Sendable {
  /// A ControlNet, which is run at every step.
  struct Network: Sendable {
    let control: PictureControl
    let configuration: ControlNetModel.Configuration
    /// [1, height, width, 3]
    let hint: HostTensor
  }

  /// What a T2I-Adapter made of its picture.
  struct Features: Sendable {
    let control: PictureControl
    /// Of each level as much as counts, [1, h, w, C].
    let levels: [HostTensor]
  }

  /// What an IP-Adapter made of its pictures.
  struct Images: Sendable {
    let prompt: PicturePrompt
    /// Of all its pictures.
    let tokens: Int
    /// Keys, then values, of each cross-attention, [1, tokens, C]; of no pictures for the negative prompt. Values are as large
    /// as they count.
    let shown: [HostTensor], absent: [HostTensor]
  }

  var networks: [Network] = []
  var features: [Features] = []
  var images: [Images] = []
}

/// What the denoiser is given beside prompts at one call, for the rows it is run for.
struct StepAdditions: Sendable {
  var additions = DenoiserAdditions()
  var inputs: [String: HostTensor] = [:]

  /// The features of all adapters that guide in a step, added up.
  mutating func add(_ features: [PassAdditions.Features], for rows: [DenoiserRow]) {
    let count = features.map(\.levels.count).max() ?? 0
    additions.features = count
    for level in 0..<count {
      let parts = features.filter { level < $0.levels.count }
      let shared = HostTensor.sum(parts.filter(\.control.guidesAll).map { $0.levels[level] })
      let prompted = HostTensor.sum(parts.map { $0.levels[level] })
      guard let prompted else { continue }
      let others = shared ?? prompted.zeros
      inputs["features.\(level)"] = HostTensor(joining: rows.map { $0.isPrompted ? prompted : others })
    }
  }

  /// What IP-Adapters that guide in a step have the denoiser look at.
  mutating func add(
    _ images: [PassAdditions.Images], for rows: [DenoiserRow], at attentions: [UNet2DConditionModel.CrossAttention]
  ) {
    additions.imageTokens = images.map(\.tokens)
    for (adapter, images) in images.enumerated() {
      for (index, attention) in attentions.enumerated() {
        let names = DenoiserAdditions.imageInputs(adapter: adapter, attention.path)
        for (name, place) in [(names.keys, 2 * index), (names.values, 2 * index + 1)] {
          inputs[name] = HostTensor(joining: rows.map { $0.isPrompted ? images.shown[place] : images.absent[place] })
        }
      }
    }
  }

  /// The residuals of all ControlNets that guide in a step, added up in their order.
  mutating func add(_ residuals: [[HostTensor]]) {
    guard let count = residuals.first?.count, count > 0 else { return }
    additions.hasControl = true
    for index in 0..<count {
      let name = index == count - 1 ? "control.mid" : "control.\(index)"
      inputs[name] = HostTensor.sum(residuals.map { $0[index] })
    }
  }
}

extension HostTensor {
  /// The sum of tensors of one shape, from the first on; nil of none.
  static func sum(_ tensors: [HostTensor]) -> HostTensor? {
    guard let first = tensors.first, tensors.count > 1 else { return tensors.first }
    var values = first.floats
    for tensor in tensors.dropFirst() {
      let other = tensor.floats
      for index in values.indices { values[index] += other[index] }
    }
    return HostTensor(first.shape, values)
  }

  var zeros: HostTensor { HostTensor(shape, [Float](repeating: 0, count: shape.count)) }

  func scaled(by factor: Float) -> HostTensor { factor == 1 ? self : HostTensor(shape, floats.map { $0 * factor }) }

  /// [N, H, W, C] with each channel of an image at its mean.
  var pooled: HostTensor {
    let (images, positions, channels) = (shape[0], shape[1] * shape[2], shape[3])
    var values = floats
    for image in 0..<images {
      for channel in 0..<channels {
        let start = image * positions * channels + channel
        var sum = 0.0
        for position in 0..<positions { sum += Double(values[start + position * channels]) }
        for position in 0..<positions { values[start + position * channels] = Float(sum / Double(positions)) }
      }
    }
    return HostTensor(shape, values)
  }

  /// Rows in their places among `count`, zeros between them.
  func placed(at places: [Int], of count: Int) -> HostTensor {
    guard places.count != count else { return self }
    let own = floats, length = own.count / max(places.count, 1)
    var values = [Float](repeating: 0, count: length * count)
    for (row, place) in places.enumerated() {
      values.replaceSubrange(place * length..<(place + 1) * length, with: own[row * length..<(row + 1) * length])
    }
    return HostTensor(shape.replacing(axis: 0, with: count), values)
  }
}

internal import ImagineGraph
internal import ImagineSampling

/// One of the rows that a denoiser is run for at a step: a prompt, or a part of one, and what it stands for.
struct DenoiserRow {
  enum Meaning: Hashable {
    /// The negative prompt, where there is a picture with guidance of its own: without the picture.
    case unconditional
    /// The negative prompt beside the picture.
    case picture
    /// A part of the prompt, counted from 0, with its weight.
    case part(Int, weight: Float)
  }

  let condition: StepConditions.Row
  let planes: HostTensor?
  let meaning: Meaning

  /// Whether it is for the prompt, or a part of it.
  var isPrompted: Bool {
    if case .part = meaning { true } else { false }
  }

  /// All rows of a step: those of the negative prompt first.
  static func rows(_ conditions: StepConditions, isGuided: Bool, _ planes: Planes?) -> [DenoiserRow] {
    var rows: [DenoiserRow] = []
    if isGuided, let negative = conditions.negative {
      rows.append(
        DenoiserRow(condition: negative, planes: planes?.absent ?? planes?.values, meaning: .unconditional))
      if planes?.absent != nil {
        rows.append(DenoiserRow(condition: negative, planes: planes?.values, meaning: .picture))
      }
    }
    return rows
      + conditions.positive.enumerated().map { index, part in
        DenoiserRow(condition: part, planes: planes?.values, meaning: .part(index, weight: part.weight))
      }
  }

  /// The rows that can be run at once, those of one length, in their order.
  static func batches(_ rows: [DenoiserRow]) -> [[DenoiserRow]] {
    var batches: [[DenoiserRow]] = []
    for row in rows {
      if let index = batches.firstIndex(where: { $0[0].condition.tokens == row.condition.tokens }) {
        batches[index].append(row)
      } else {
        batches.append([row])
      }
    }
    return batches
  }

  /// What the denoiser is told of all rows, row behind row.
  static func inputs(_ rows: [DenoiserRow]) -> [String: HostTensor] {
    var inputs: [String: HostTensor] = [:]
    for name in rows[0].condition.inputs.keys {
      inputs[name] = HostTensor(joining: rows.compactMap { $0.condition.inputs[name] })
    }
    return inputs
  }

  /// Puts the denoiser's answer to the row in its place.
  func put(_ values: [Float], into output: inout ModelOutput) {
    switch meaning {
    case .unconditional: output.unconditional = values
    case .picture: output.picture = values
    case .part(_, let weight): output.conditional.append(ModelOutput.Part(values, weight: weight))
    }
  }
}

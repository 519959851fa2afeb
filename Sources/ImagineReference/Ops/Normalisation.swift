import Foundation
import ImagineGraph

/// x [N, ..., C], weight [C], bias [C]: each group of C / groups channels is normalised over all positions of a sample
/// (Wu and He, Group Normalization, 2018), after a vector [N, C] is added to it, if there is one.
func groupNorm(
  _ x: Value, adding vector: Value?, _ weight: Value, _ bias: Value, groups: Int, epsilon: Float
) -> [Double] {
  let samples = x.shape[0], channels = x.channels, width = channels / groups
  let positions = x.shape.dimensions.dropFirst().dropLast().reduce(1, *)
  let elements = x.elements.enumerated().map { index, element in
    element + (vector?.elements[index / (positions * channels) * channels + index % channels] ?? 0)
  }
  var result = elements
  for sample in 0..<samples {
    for group in 0..<groups {
      let members = (0..<positions).flatMap { position in
        (0..<width).map { (sample * positions + position) * channels + group * width + $0 }
      }
      let (mean, deviation) = moments(elements, at: members, epsilon: epsilon)
      for index in members {
        let channel = index % channels
        result[index] = (elements[index] - mean) / deviation * weight.elements[channel] + bias.elements[channel]
      }
    }
  }
  return result
}

/// x [..., C], weight [C], bias [C]: each vector is normalised (Ba, Kiros and Hinton, Layer Normalization, 2016).
func layerNorm(_ x: Value, _ weight: Value, _ bias: Value, epsilon: Float) -> [Double] {
  let channels = x.channels
  var result = x.elements
  for row in 0..<x.rows {
    let members = Array(row * channels..<(row + 1) * channels)
    let (mean, deviation) = moments(x.elements, at: members, epsilon: epsilon)
    for (channel, index) in members.enumerated() {
      result[index] = (x.elements[index] - mean) / deviation * weight.elements[channel] + bias.elements[channel]
    }
  }
  return result
}

/// The mean, and the square root of the (biased) variance plus epsilon, of some elements.
private func moments(
  _ elements: [Double], at indices: [Int], epsilon: Float
) -> (mean: Double, deviation: Double) {
  var sum = 0.0
  for index in indices { sum += elements[index] }
  let mean = sum / Double(indices.count)
  var squares = 0.0
  for index in indices { squares += (elements[index] - mean) * (elements[index] - mean) }
  return (mean, (squares / Double(indices.count) + Double(epsilon)).squareRoot())
}

/// x [..., T, S], over the last axis; `causal` leaves out every s > t.
func softmax(_ x: Value, causal: Bool) -> [Double] {
  let sources = x.channels, targets = x.shape.rank >= 2 ? x.shape[x.shape.rank - 2] : 1
  var result = [Double](repeating: 0, count: x.elements.count)
  for row in 0..<x.rows {
    let visible = causal ? min(row % targets + 1, sources) : sources
    let logits = x.elements[row * sources..<row * sources + visible]
    for (source, weight) in softmax(logits).enumerated() { result[row * sources + source] = weight }
  }
  return result
}

/// The weights of one vector of logits; subtracting the largest keeps the exponentials finite.
func softmax(_ logits: some Collection<Double>) -> [Double] {
  let largest = logits.max() ?? 0
  let weights = logits.map { exp($0 - largest) }
  let sum = weights.reduce(0, +)
  return weights.map { $0 / sum }
}

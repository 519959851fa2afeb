import Foundation
import ImagineGraph

/// The pointwise functions.
func apply(_ function: Activation, _ x: Double) -> Double {
  switch function {
  case .silu: x / (1 + exp(-x))
  case .gelu: x * (1 + erf(x / 2.0.squareRoot())) / 2
  case .quickGELU: x / (1 + exp(-1.702 * x))
  case .relu: x < 0 ? 0 : x
  case .tanh: tanh(x)
  case .geluTanh: x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) / 2
  case .leakyReLU: x < 0 ? 0.2 * x : x
  }
}

/// x [..., C] where it is positive, elsewhere x times the slope of its channel, or the one slope.
func prelu(_ x: [Double], slopes: [Double]) -> [Double] {
  x.enumerated().map { index, x in x < 0 ? x * slopes[index % slopes.count] : x }
}

/// x [..., 2 C] -> [..., C]: the first half of each vector times the function of the second.
func glu(_ function: Activation, _ x: [Double], rows: Int) -> [Double] {
  let width = rows == 0 ? 0 : x.count / rows / 2
  var result: [Double] = []
  result.reserveCapacity(rows * width)
  for row in 0..<rows {
    for channel in 0..<width {
      let value = x[row * 2 * width + channel]
      let gate = x[row * 2 * width + width + channel]
      result.append(value * apply(function, gate))
    }
  }
  return result
}

/// The elements of `x` repeated along every axis where its extent is 1 and that of `shape` is not.
func broadcast(_ x: Value, to shape: Shape) -> [Double] {
  let strides = zip(x.shape.strides, x.shape.dimensions).map { stride, extent in extent == 1 ? 0 : stride }
  return gather(x.elements, shape, strides: strides)
}

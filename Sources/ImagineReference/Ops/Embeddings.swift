import Foundation
import ImagineGraph

/// ids [N, T], table [V, C] -> [N, T, C]: the rows the ids name.
///
/// - Throws: `ReferenceError` for an id outside the table.
func embedding(ids: Value, table: Value) throws(ReferenceError) -> [Double] {
  let entries = table.shape[0], width = table.channels
  var result: [Double] = []
  result.reserveCapacity(ids.elements.count * width)
  for id in ids.elements {
    let row = Int(id)
    guard (0..<entries).contains(row) else {
      throw ReferenceError("Token id \(row) is outside the table of \(entries) entries.")
    }
    result += table.elements[row * width..<(row + 1) * width]
  }
  return result
}

/// t [N] -> [N, width]: the cosines, then the sines, of t * 10000^(-i / (width / 2)).
///
/// Each step up to the angles is rounded to binary32, as in diffusers' `get_timestep_embedding`: at t near 1000 such an
/// angle is off by up to 6e-5, and trained models have learnt these.
func timestepEmbedding(_ t: Value, width: Int) -> [Double] {
  let half = width / 2
  let frequencies = (0..<half).map { index in
    let exponent = -Float(log(10000.0)) * Float(index) / Float(half)
    return Float(exp(Double(exponent)))
  }
  return t.elements.flatMap { time in
    let angles = frequencies.map { Double(Float(time) * $0) }
    return angles.map { cos($0) } + angles.map { sin($0) }
  }
}

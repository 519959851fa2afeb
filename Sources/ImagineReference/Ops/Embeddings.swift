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
/// The angles are computed in binary32, step by step as diffusers' `get_timestep_embedding` does: at t near 1000 a
/// binary32 angle is off by up to 3e-5, and trained models expect that very angle.
func timestepEmbedding(_ t: Value, width: Int) -> [Double] {
  let half = width / 2
  let frequencies = (0..<half).map { exp(-Float(log(10000.0)) * Float($0) / Float(half)) }
  return t.elements.flatMap { time in
    let angles = frequencies.map { Double(Float(time) * $0) }
    return angles.map { cos($0) } + angles.map { sin($0) }
  }
}

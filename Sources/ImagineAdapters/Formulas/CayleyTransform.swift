/// Rotations from skew-symmetric matrices: (I + Q)(I − Q)⁻¹ with Q = B − Bᵀ.
enum CayleyTransform {
  /// The rotation of a skew-symmetric matrix [size, size], in 64 bits, as solving takes many sums.
  ///
  /// I − Q has an inverse for every such Q, as Q's eigenvalues are imaginary.
  static func rotation(_ skew: [Double], size: Int) -> [Double] {
    // (I − Q)⁻¹ and I + Q commute: R = (I − Q)⁻¹(I + Q), found by elimination.
    var left = skew.map { -$0 }, right = skew
    for index in 0..<size {
      left[index * size + index] += 1
      right[index * size + index] += 1
    }
    for column in 0..<size {
      var pivot = column
      for row in column..<size where abs(left[row * size + column]) > abs(left[pivot * size + column]) { pivot = row }
      if pivot != column {
        for place in 0..<size {
          left.swapAt(pivot * size + place, column * size + place)
          right.swapAt(pivot * size + place, column * size + place)
        }
      }
      let inverse = 1 / left[column * size + column]
      for place in 0..<size {
        left[column * size + place] *= inverse
        right[column * size + place] *= inverse
      }
      for row in 0..<size where row != column {
        let factor = left[row * size + column]
        guard factor != 0 else { continue }
        for place in 0..<size {
          left[row * size + place] -= factor * left[column * size + place]
          right[row * size + place] -= factor * right[column * size + place]
        }
      }
    }
    return right
  }

  /// The first terms of Neumann's series of the same: I + 2 (Q + Q² + … ) + Qⁿ, as PEFT's `use_cayley_neumann` sums it up.
  ///
  /// - Parameter terms: PEFT's number of them; 3 are there as many as 4.
  static func series(_ skew: [Double], size: Int, terms: Int) -> [Double] {
    var result = [Double](repeating: 0, count: skew.count)
    for index in 0..<size { result[index * size + index] = 1 }
    guard terms > 1 else { return result }
    for index in result.indices { result[index] += 2 * skew[index] }
    guard terms > 2 else { return result }
    var power = skew
    let last = max(terms, 4) - 1
    for term in 2...last {
      power = product(power, skew, size: size)
      let weight: Double = term == last ? 1 : 2
      for index in result.indices { result[index] += weight * power[index] }
    }
    return result
  }

  private static func product(_ a: [Double], _ b: [Double], size: Int) -> [Double] {
    var result = [Double](repeating: 0, count: size * size)
    for row in 0..<size {
      for inner in 0..<size {
        let factor = a[row * size + inner]
        for column in 0..<size { result[row * size + column] += factor * b[inner * size + column] }
      }
    }
    return result
  }
}

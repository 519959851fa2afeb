/// PEFT's OFT: the inputs of a layer turned in groups, W · R; of each skew-symmetric matrix the file holds the upper triangle.
struct InputRotationFormula: AdapterFormula {
  /// [groups, size (size − 1) / 2]; one group for all where they share it.
  let triangles: AdapterTensor
  let groups: Int
  let size: Int
  /// Terms of Neumann's series in place of the inverse; nil for the inverse.
  ///
  /// PEFT's two ways turn against each other: with the series it multiplies by the transpose.
  let terms: Int?

  func change(_ shape: WeightShape, _ strength: Float, ranks: Int?, _ kernels: MergeKernels) throws -> RowChange {
    let values = try triangles.floats(kernels).map(Double.init), length = size * (size - 1) / 2
    let rotations = (0..<groups).map { group in
      rotation(Array(values[group * length..<(group + 1) * length]), strength)
    }
    return { [size] rows in
      var new = [Float](repeating: 0, count: size)
      for row in rows.range {
        for group in 0..<rows.columns / size {
          let old = rows[row] + group * size, rotation = rotations[rotations.count == 1 ? 0 : group]
          for column in 0..<size { new[column] = 0 }
          for inner in 0..<size {
            for column in 0..<size { new[column] += old[inner] * rotation[inner * size + column] }
          }
          for column in 0..<size { old[column] = new[column] }
        }
      }
    }
  }

  private func rotation(_ triangle: [Double], _ strength: Float) -> [Float] {
    var skew = [Double](repeating: 0, count: size * size), next = 0
    for row in 0..<size {
      for column in row + 1..<size {
        skew[row * size + column] = terms == nil ? triangle[next] : -triangle[next]
        skew[column * size + row] = -skew[row * size + column]
        next += 1
      }
    }
    let rotation =
      terms.map { CayleyTransform.series(skew, size: size, terms: $0) } ?? CayleyTransform.rotation(skew, size: size)
    return rotation.enumerated().map { index, value in
      let identity: Float = index / size == index % size ? 1 : 0
      return strength * Float(value) + (1 - strength) * identity
    }
  }
}

import ImagineGraph

extension OpCase {
  static let layoutCases: [OpCase] = [
    concat([[2, 5, 7, 32], [2, 5, 7, 48]], axis: 3), concat([[1, 3, 3, 5], [1, 3, 3, 1], [1, 3, 3, 7]], axis: 3),
    concat([[1, 4, 4, 640], [1, 4, 4, 320]], axis: 3), concat([[1, 2, 3], [2, 2, 3]], axis: 0),
    concat([[2, 2, 3], [2, 5, 3]], axis: 1), concat([[2, 3]], axis: 1),
    concat([[1, 40, 56, 32], [1, 40, 56, 16]], axis: 3),
    rows("concat with itself", [2, 3, 5]) { $0.concatenated(with: $0, axis: 2) },

    upsample([1, 5, 7, 8], 10, 14), upsample([2, 3, 3, 4], 5, 5), upsample([1, 5, 7, 3], 9, 13),
    upsample([1, 1, 1, 4], 2, 3), upsample([1, 4, 6, 5], 3, 4), upsample([1, 3, 4, 5], 7, 11),
    upsample([1, 20, 28, 32], 40, 56),
    rows("upsampleNearest to the same size", [1, 3, 4, 5]) { $0.applying(.upsampleNearest(height: 3, width: 4)) },

    rows("reshape", [2, 3, 5, 4]) { $0.reshaped([2, 15, 4]) }, rows("reshape", [7]) { $0.reshaped([1, 7, 1]) },
    rows("reshape twice", [2, 3, 4]) { $0.reshaped([6, 4]).reshaped([24]) },
    permute([2, 3, 5, 4], [0, 2, 1, 3]), permute([2, 3, 5, 4], [0, 3, 1, 2]), permute([2, 3, 5, 4], [3, 2, 1, 0]),
    permute([5, 7], [1, 0]), permute([2, 3, 4], [0, 1, 2]), permute([1, 40, 56, 8], [0, 3, 1, 2]),
    permute([2, 77, 8, 40], [0, 2, 1, 3]), permute([2, 1, 3, 2, 2], [4, 0, 3, 1, 2]),
    slice([2, 5, 7, 8], axis: 3, 0, 4), slice([2, 5, 7, 8], axis: 3, 7, 1), slice([2, 5, 7, 8], axis: 1, 1, 3),
    slice([3, 5, 7], axis: 0, 2, 1), slice([2, 5, 7], axis: 2, 0, 7), slice([2, 77, 33], axis: 1, 76, 1),

    // What lies at multiples of 16 bytes in one format and not in another, or in one operand only.
    slice([2, 5, 24], axis: 2, 4, 8), slice([2, 5, 24], axis: 2, 8, 12), concat([[2, 5, 8], [2, 5, 12]], axis: 2),
    concat([[2, 5, 16], [2, 5, 3], [2, 5, 5]], axis: 2), concat([[3, 3, 8], [3, 5, 8]], axis: 1),

    // Views of views, and what reads them.
    rows("views in a chain", [2, 6, 8]) {
      $0.reshaped([2, 6, 2, 4]).permuted([0, 2, 1, 3]).sliced(axis: 2, start: 1, count: 4).reshaped([4, 16])
    },
    rows("silu of a slice", [2, 5, 8]) { $0.channels(3..<8).silu() },
    rows("softmax of a transpose", [2, 5, 8]) { $0.permuted([0, 2, 1]).softmax() },
    rows("matmul of a slice and a transpose", [2, 5, 8]) {
      $0.channels(0..<4).matmul($0.channels(4..<8).permuted([0, 2, 1]))
    },
    rows("linear of a transpose", [2, 5, 8]) {
      $0.permuted([0, 2, 1]).applying(.linear(Epilogue()), $0.builder.weight("layer.weight", [3, 5]))
    },
    rows("sum of halves", [2, 5, 8]) { $0.channels(0..<4) + $0.channels(4..<8) },
    rows("results in several forms") { builder in
      let x = builder.activation("x", [2, 3, 4]), y = x.silu()
      return [x, y, y.reshaped([6, 4]), y.permuted([2, 0, 1]), y, y.channels(1..<3), y * 2]
    },
    rows("results that are weights") { [$0.weight("table.weight", [3, 4]).reshaped([2, 6]).asActivation()] },
    rows("reshape and slice of integers", ["x": .tokens(below: 9)], in: [.float32]) {
      [$0.input("x", [2, 6], .int32).reshaped([3, 4]).channels(1..<3).permuted([1, 0])]
    },
  ].flatMap { $0 }

  private static func concat(_ shapes: [Shape], axis: Int) -> [OpCase] {
    rows("concat \(shapes.map(\.description).joined(separator: " ")) axis \(axis)") { builder in
      let operands = shapes.enumerated().map { builder.activation("x\($0)", $1) }
      return [builder.apply(.concat(axis: axis), operands)]
    }
  }

  private static func upsample(_ shape: Shape, _ height: Int, _ width: Int) -> [OpCase] {
    rows("upsampleNearest to \(height) x \(width)", shape) { $0.upsampledNearest(height: height, width: width) }
  }

  private static func permute(_ shape: Shape, _ axes: [Int]) -> [OpCase] {
    rows("permute \(axes)", shape) { $0.permuted(axes) }
  }

  private static func slice(_ shape: Shape, axis: Int, _ start: Int, _ count: Int) -> [OpCase] {
    rows("slice axis \(axis) \(start)..<\(start + count)", shape) { $0.sliced(axis: axis, start: start, count: count) }
  }
}

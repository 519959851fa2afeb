extension OpDefinition {
  static let input = OpDefinition("input", .input, operands: 0) { _ in nil }
  static let parameter = OpDefinition("parameter", .weight, operands: 0) { _ in nil }

  static func concat(axis: Int) -> OpDefinition {
    OpDefinition("concat", operands: nil, takesIntegers: true) { operands in
      let first = operands[0]
      guard operands.haveOneElementType, first.shape.dimensions.indices.contains(axis) else { return nil }
      func others(_ shape: Shape) -> Shape? {
        shape.rank == first.shape.rank ? shape.replacing(axis: axis, with: 0) : nil
      }
      guard operands.allSatisfy({ others($0.shape) == others(first.shape) }) else { return nil }
      let extent = operands.reduce(0) { $0 + $1.shape[axis] }
      return TensorType(first.shape.replacing(axis: axis, with: extent), first.elementType)
    }
  }

  static func upsampleNearest(height: Int, width: Int) -> OpDefinition {
    OpDefinition("upsampleNearest", operands: 1) { operands in
      let x = operands[0]
      guard x.shape.rank == 4, height >= 1, width >= 1 else { return nil }
      return TensorType([x.shape[0], height, width, x.shape[3]], x.elementType)
    }
  }

  static let embedding = OpDefinition("embedding", operands: 2, takesIntegers: true, partlyReads: 1) { operands in
    let ids = operands[0], table = operands[1]
    guard ids.elementType == .int32, ids.shape.rank == 2, table.shape.rank == 2 else { return nil }
    return TensorType([ids.shape[0], ids.shape[1], table.shape[1]], table.elementType)
  }

  static func reshape(_ shape: Shape) -> OpDefinition {
    OpDefinition("reshape", .alias, operands: 1, takesIntegers: true) { operands in
      shape.count == operands[0].shape.count ? TensorType(shape, operands[0].elementType) : nil
    }
  }

  static func permute(_ axes: [Int]) -> OpDefinition {
    OpDefinition("permute", operands: 1, takesIntegers: true) { operands in
      let x = operands[0]
      guard axes.sorted() == Array(0..<x.shape.rank) else { return nil }
      return TensorType(Shape(axes.map { x.shape[$0] }), x.elementType)
    }
  }

  static func slice(axis: Int, start: Int, count: Int) -> OpDefinition {
    OpDefinition("slice", operands: 1, takesIntegers: true, partlyReads: 0) { operands in
      let x = operands[0]
      guard x.shape.dimensions.indices.contains(axis), start >= 0, count >= 1, start + count <= x.shape[axis] else {
        return nil
      }
      return TensorType(x.shape.replacing(axis: axis, with: count), x.elementType)
    }
  }
}

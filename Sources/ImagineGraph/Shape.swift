/// The extents of a tensor, outermost first.
package struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  package let dimensions: [Int]

  package init(_ dimensions: [Int]) { self.dimensions = dimensions }
  package init(arrayLiteral elements: Int...) { dimensions = elements }

  package var rank: Int { dimensions.count }

  /// The number of elements: the product of all extents, 1 for a scalar.
  package var count: Int { dimensions.reduce(1, *) }

  /// The innermost extent: channels of an [N, H, W, C] or [N, T, C] tensor; 1 for a scalar.
  package var last: Int { dimensions.last ?? 1 }

  /// The number of vectors along the last axis.
  package var rows: Int { last == 0 ? 0 : count / last }

  package subscript(_ axis: Int) -> Int { dimensions[axis] }

  package func replacing(axis: Int, with extent: Int) -> Shape {
    var copy = dimensions
    copy[axis] = extent
    return Shape(copy)
  }

  /// The distance in elements between neighbours along each axis of a row-major tensor.
  package var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * dimensions[axis + 1]
    }
    return strides
  }

  /// The extents of a row-major value and an operand's steps along them, with as few axes as possible: those of extent 1
  /// are left out, and neighbours that the operand steps through alike are joined.
  package func joiningAxes(steps: [Int]) -> (extents: [Int], steps: [Int]) {
    var extents: [Int] = [], joined: [Int] = []
    for (extent, step) in zip(dimensions, steps) where extent != 1 {
      if let outer = joined.last, outer == step * extent {
        extents[extents.count - 1] *= extent
        joined[joined.count - 1] = step
      } else {
        extents.append(extent)
        joined.append(step)
      }
    }
    return (extents, joined)
  }

  /// The distance in elements between neighbours of a row-major value along each axis, 0 along those it is repeated on.
  package var broadcastStrides: [Int] { zip(dimensions, strides).map { $0 == 1 ? 0 : $1 } }

  package var description: String { "[" + dimensions.map(String.init).joined(separator: ", ") + "]" }
}

/// Shape and number format of a value.
package struct TensorType: Hashable, Sendable, CustomStringConvertible {
  package let shape: Shape
  package let elementType: ElementType

  package init(_ shape: Shape, _ elementType: ElementType) {
    self.shape = shape
    self.elementType = elementType
  }

  package var byteCount: Int { shape.count * elementType.size }
  package var description: String { "\(elementType)\(shape)" }
}

import ImagineGraph

/// Reads a row-major result of the given shape from `elements`, where its axes have the given strides.
func gather(_ elements: [Double], _ shape: Shape, strides: [Int], offset: Int = 0) -> [Double] {
  var result: [Double] = []
  result.reserveCapacity(shape.count)

  func visit(axis: Int, offset: Int) {
    guard axis < shape.rank else { return result.append(elements[offset]) }
    for index in 0..<shape[axis] { visit(axis: axis + 1, offset: offset + index * strides[axis]) }
  }
  visit(axis: 0, offset: offset)
  return result
}

/// Axis i of the result is axis `axes[i]` of x.
func permute(_ x: Value, _ axes: [Int]) -> [Double] {
  let strides = x.shape.strides
  return gather(x.elements, Shape(axes.map { x.shape[$0] }), strides: axes.map { strides[$0] })
}

/// `count` indices of one axis, from `start` on.
func slice(_ x: Value, axis: Int, start: Int, count: Int) -> [Double] {
  let strides = x.shape.strides
  return gather(
    x.elements, x.shape.replacing(axis: axis, with: count), strides: strides, offset: start * strides[axis])
}

/// The operands one after another along an axis.
func concat(_ operands: [Value], axis: Int) -> [Double] {
  let outer = operands.first?.shape.dimensions.prefix(axis).reduce(1, *) ?? 0
  var result: [Double] = []
  for index in 0..<outer {
    for operand in operands {
      let block = operand.elements.count / outer
      result += operand.elements[index * block..<(index + 1) * block]
    }
  }
  return result
}

/// Images [N, H, W, ...] as one with the channels of all.
func joined(_ images: ArraySlice<Value>) -> Value {
  let first = images[images.startIndex]
  guard images.count > 1 else { return first }
  let channels = images.reduce(0) { $0 + $1.channels }
  let type = TensorType(first.shape.replacing(axis: 3, with: channels), first.type.elementType)
  return Value(type, rounding: concat(Array(images), axis: 3))
}

/// What a convolution reads: x, or x repeated to the size it asks for.
func upsampled(_ x: Value, _ size: Convolution.Upsampling?) -> Value {
  guard let size else { return x }
  let type = TensorType([x.shape[0], size.height, size.width, x.channels], x.type.elementType)
  return Value(type, rounding: upsampleNearest(x, height: size.height, width: size.width))
}

/// x [N, H, W, C] -> [N, height, width, C]: source row = floor(row * H / height), and columns alike.
func upsampleNearest(_ x: Value, height: Int, width: Int) -> [Double] {
  let channels = x.channels
  var result: [Double] = []
  for sample in 0..<x.shape[0] {
    for row in 0..<height {
      for column in 0..<width {
        let y = row * x.shape[1] / height, x0 = column * x.shape[2] / width
        let pixel = ((sample * x.shape[1] + y) * x.shape[2] + x0) * channels
        result += x.elements[pixel..<pixel + channels]
      }
    }
  }
  return result
}

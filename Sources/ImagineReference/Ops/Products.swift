import ImagineGraph

/// x [..., in], weight [out, in] -> [..., out].
func linear(_ x: Value, weight: Value) -> [Double] {
  let inputs = weight.shape[1], outputs = weight.shape[0]
  var result: [Double] = []
  result.reserveCapacity(x.rows * outputs)
  for row in 0..<x.rows {
    for output in 0..<outputs {
      var sum = 0.0
      for input in 0..<inputs {
        sum += x.elements[row * inputs + input] * weight.elements[output * inputs + input]
      }
      result.append(sum)
    }
  }
  return result
}

/// x [N, H, W, in], weight [out, in, kh, kw] -> [N, H', W', out]; outside the picture all is zero.
func conv2d(_ x: Value, weight: Value, _ convolution: Convolution, result shape: Shape) -> [Double] {
  let height = x.shape[1], width = x.shape[2], inputs = x.shape[3]
  let kernelHeight = weight.shape[2], kernelWidth = weight.shape[3]

  func sum(sample: Int, row: Int, column: Int, output: Int) -> Double {
    var sum = 0.0
    for dy in 0..<kernelHeight {
      let y = row * convolution.stride + dy - convolution.padding.top
      guard (0..<height).contains(y) else { continue }
      for dx in 0..<kernelWidth {
        let x0 = column * convolution.stride + dx - convolution.padding.left
        guard (0..<width).contains(x0) else { continue }
        let pixel = ((sample * height + y) * width + x0) * inputs
        let tap = output * inputs * kernelHeight * kernelWidth + dy * kernelWidth + dx
        for input in 0..<inputs {
          sum += x.elements[pixel + input] * weight.elements[tap + input * kernelHeight * kernelWidth]
        }
      }
    }
    return sum
  }

  var result: [Double] = []
  result.reserveCapacity(shape.count)
  for sample in 0..<shape[0] {
    for row in 0..<shape[1] {
      for column in 0..<shape[2] {
        for output in 0..<shape[3] {
          result.append(sum(sample: sample, row: row, column: column, output: output))
        }
      }
    }
  }
  return result
}

/// a [..., M, K], b [..., K, N] (or [..., N, K]) -> [..., M, N], with N = `columns`.
func matmul(_ a: Value, _ b: Value, transposeB: Bool, columns: Int) -> [Double] {
  let inner = a.channels, rows = a.shape[a.shape.rank - 2]
  let matrices = a.shape.dimensions.dropLast(2).reduce(1, *)
  let (innerStride, columnStride) = transposeB ? (1, inner) : (columns, 1)
  var result: [Double] = []
  result.reserveCapacity(matrices * rows * columns)
  for matrix in 0..<matrices {
    for row in 0..<rows {
      for column in 0..<columns {
        var sum = 0.0
        for k in 0..<inner {
          let left = a.elements[(matrix * rows + row) * inner + k]
          sum += left * b.elements[matrix * inner * columns + k * innerStride + column * columnStride]
        }
        result.append(sum)
      }
    }
  }
  return result
}

/// residual + activation(product + bias); `operands` are those the epilogue adds, in its order.
func finish(_ epilogue: Epilogue, product: [Double], _ operands: ArraySlice<Value>) -> [Double] {
  var result = product
  if epilogue.bias, let bias = operands.first {
    for index in result.indices { result[index] += bias.elements[index % bias.elements.count] }
  }
  if let activation = epilogue.activation {
    result = result.map { apply(activation, $0) }
  }
  if epilogue.residual, let residual = operands.last {
    for index in result.indices { result[index] += residual.elements[index] }
  }
  return result
}

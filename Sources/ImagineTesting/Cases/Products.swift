import ImagineGraph

extension OpCase {
  static let linearCases: [OpCase] =
    Epilogue.all.flatMap { linear([2, 5, 7], 11, $0) }
    + Activation.allCases.flatMap {
      linear([2, 5, 8], 12, Epilogue(bias: true, activation: $0, residual: true), in: [.float16])
    }
    + [
      // One of everything, tokens of a prompt, an odd width, a vector per sample.
      linear([1, 1, 1], 1), linear([1, 77, 16], 24), linear([3, 33], 17), linear([4, 3, 40], 40),
      linear([1, 5, 7, 8], 4),
      // Stable Diffusion 1.x: time embedding, projections, feed-forward, text encoder.
      linear([2, 320], 1280), linear([2, 1280], 640), linear([2, 160, 320], 320), linear([1, 70, 320], 2560),
      linear([1, 64, 1280], 320), linear([1, 35, 640], 640), linear([1, 8, 1280], 1280), linear([2, 77, 768], 320),
      linear([1, 77, 768], 768, Epilogue(bias: true, activation: .quickGELU)),
      linear([2, 160, 320], 320, Epilogue(bias: true, residual: true)),
      linear([2, 77, 768], 640, Epilogue()), linear([1, 2240, 40], 40),
      // The prompts of Stable Diffusion 2.x and XL, and widths of XL.
      linear([1, 77, 1024], 64, Epilogue()), linear([1, 77, 2048], 64, Epilogue()), linear([1, 33, 640], 640),
      linear([1, 20, 2816], 40),
      // Tokens of pictures 320x512, 384x384, 512x832 and 768x640.
      linear([1, 2560, 8], 16), linear([1, 2304, 8], 16), linear([1, 6656, 8], 8), linear([1, 7680, 8], 8),
      // A depth that is vectors of 16 bytes in one format and not in another.
      linear([1, 35, 36], 20),
    ].flatMap { $0 }

  static let gatedLinearCases: [OpCase] = [
    gatedLinear([2, 5, 7], 3), gatedLinear([1, 1, 1], 1), gatedLinear([2, 5, 16], 12, bias: false),
    gatedLinear([1, 35, 320], 1280), gatedLinear([1, 20, 640], 256),
  ].flatMap { $0 }

  static let gatesOfLinearCases: [OpCase] = Activation.allCases.flatMap { gate in
    gatedLinear([2, 5, 9], 3, gate) + gatedLinear([1, 9, 64], 40, gate)
  }

  static func gatedLinear(
    _ shape: Shape, _ outputs: Int, _ gate: Activation = .gelu, bias: Bool = true
  ) -> [OpCase] {
    rows("gatedLinear \(shape) -> \(outputs)\(bias ? "+bias" : "")+\(gate.rawValue)", shape) { x in
      let weight = x.builder.weight("layer.weight", [2 * outputs, shape.last])
      let operands = [x, weight] + (bias ? [x.builder.weight("layer.bias", [2 * outputs])] : [])
      return x.builder.apply(.gatedLinear(gate, bias: bias), operands)
    }
  }

  static let severalLinearCases: [OpCase] = [
    // Queries, keys and values; what resnets make of the time embedding; prompts; the text encoder.
    linears([2, 160, 320], 320, count: 3), linears([1, 64, 640], 640, count: 3),
    linears([2, 1280], 320, count: 5, bias: true), linears([2, 77, 768], 320, count: 4),
    linears([1, 77, 768], 768, count: 3, bias: true),
    // More rows than a tile, columns that are no whole tile, a depth that is no whole step.
    linears([2, 200, 40], 64, count: 2, bias: true), linears([1, 64, 36], 20, count: 3, bias: true),
    linears([128, 9], 6, count: 2, bias: true), linears([1, 5, 7], 3, count: 2, bias: true),
    linears([1, 1, 1], 1, count: 1),
  ].flatMap { $0 }

  static func linears(_ shape: Shape, _ outputs: Int, count: Int, bias: Bool = false) -> [OpCase] {
    rows("\(count) linears \(shape) -> \(outputs)\(bias ? "+bias" : "")", shape) { x in
      let weights = (0..<count).map { x.builder.weight("layer.\($0).weight", [outputs, shape.last]) }
      let biases = bias ? (0..<count).map { x.builder.weight("layer.\($0).bias", [outputs]) } : []
      return x.builder.apply(.linears(count: count, bias: bias), [x] + weights + biases)
    }
  }

  static func linear(
    _ shape: Shape, _ outputs: Int, _ epilogue: Epilogue = Epilogue(bias: true),
    in precisions: [Precision] = Precision.all
  ) -> [OpCase] {
    rows("linear \(shape) -> \(outputs)\(epilogue.label)", in: precisions) { builder in
      let x = builder.activation("x", shape), weight = builder.weight("layer.weight", [outputs, shape.last])
      let result = shape.replacing(axis: shape.rank - 1, with: outputs)
      return [builder.apply(.linear(epilogue), [x, weight] + epilogue.operands(builder, result: result))]
    }
  }

  static let matmulCases: [OpCase] = [
    matmul([2, 3, 5], [2, 5, 7], transposeB: false), matmul([2, 3, 5], [2, 7, 5], transposeB: true),
    matmul([3, 1], [1, 4], transposeB: false), matmul([1, 2, 9, 40], [1, 2, 77, 40], transposeB: true),
    matmul([1, 2, 9, 77], [1, 2, 77, 40], transposeB: false),
    matmul([2, 8, 77, 64], [2, 8, 77, 64], transposeB: true),
    matmul([1, 8, 140, 77], [1, 8, 77, 160], transposeB: false),
  ].flatMap { $0 }

  static func matmul(_ a: Shape, _ b: Shape, transposeB: Bool) -> [OpCase] {
    rows("matmul \(a) \(b)\(transposeB ? " transposed" : "")") { builder in
      [builder.activation("a", a).matmul(builder.activation("b", b), transposeB: transposeB)]
    }
  }
}

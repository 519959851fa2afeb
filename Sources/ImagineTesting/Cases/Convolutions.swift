import ImagineGraph

extension OpCase {
  static let convolutionCases: [OpCase] =
    Epilogue.all.flatMap { convolution([1, 3, 5, 3], 5, same, $0) }
    + [
      // Odd sizes, one pixel, each padding and stride, a batch.
      convolution([1, 5, 7, 3], 4, same), convolution([1, 1, 1, 4], 3, same), convolution([2, 5, 7, 4], 6, halving),
      convolution([2, 6, 8, 4], 6, halving), convolution([1, 6, 8, 4], 5, encoderHalving),
      convolution([1, 5, 7, 4], 5, encoderHalving), convolution([1, 5, 7, 8], 4, pointwise, kernel: [1, 1]),
      convolution([1, 5, 7, 4], 5, pointwise), convolution([1, 5, 7, 4], 5, halving, kernel: [1, 1]),
      convolution([1, 5, 7, 4], 3, Convolution(padding: 2, 0, 1, 3)), convolution([4, 3, 3, 9], 8, same),
      convolution([1, 5, 6, 4], 3, Convolution(padding: 1, 0, 1, 0), kernel: [3, 1]),
      convolution([1, 5, 7, 33], 17, same), convolution([1, 4, 4, 32], 32, same, Epilogue()),
      // Stable Diffusion 1.x: into and out of latents (inpainting reads 9 channels) and pictures.
      convolution([2, 8, 8, 4], 320, same), convolution([1, 8, 8, 9], 320, same), convolution([2, 8, 8, 320], 4, same),
      convolution([1, 16, 16, 3], 128, same), convolution([1, 16, 16, 128], 3, same),
      convolution([1, 8, 8, 512], 8, same), convolution([1, 5, 7, 4], 4, pointwise, kernel: [1, 1]),
      // Its residual blocks, with and without a shortcut, and its resampling.
      convolution([1, 8, 8, 320], 320, same), convolution([2, 4, 4, 640], 640, same),
      convolution([1, 2, 2, 1280], 1280, same), convolution([1, 2, 3, 2560], 1280, same),
      convolution([1, 5, 7, 640], 320, pointwise, kernel: [1, 1]), convolution([2, 8, 8, 320], 320, halving),
      convolution([1, 5, 7, 640], 640, halving), convolution([1, 16, 16, 128], 128, encoderHalving),
      convolution([1, 8, 8, 320], 320, same, Epilogue(bias: true, residual: true)),
      convolution([1, 5, 7, 320], 640, same, Epilogue(bias: true, activation: .silu)),
      // The latents of a 320 x 448 picture.
      convolution([1, 40, 56, 4], 16, same), convolution([2, 40, 56, 16], 16, same),
      convolution([1, 40, 56, 16], 16, halving),
      // Those of 320x512, 384x384, 512x832 and 768x640 pictures.
      convolution([1, 40, 64, 8], 8, same), convolution([1, 48, 48, 8], 8, halving),
      convolution([1, 64, 104, 8], 4, same), convolution([1, 96, 80, 8], 4, halving),
      convolution([1, 4, 5, 12], 20, same),
      // More tiles and channels than are computed at a time, and neither filled.
      convolution([2, 29, 31, 40], 72, same, Epilogue(bias: true, residual: true)),
      convolution([1, 9, 7, 97], 45, same, Epilogue(bias: true, activation: .silu)),
      convolution([1, 10, 6, 33], 35, pointwise, Epilogue()), convolution([3, 3, 1, 200], 100, same),
      convolution([1, 7, 9, 64], 40, Convolution(padding: 2, 0, 1, 3)),
      // Of what is repeated first, to twice the size, one less, and any other.
      upsampled([1, 1, 1, 4], [2, 2], 3), upsampled([1, 3, 4, 4], [6, 8], 5), upsampled([1, 5, 7, 8], [7, 16], 9),
      upsampled([1, 4, 3, 16], [3, 2], 8), upsampled([1, 3, 5, 40], [6, 10], 24),
      upsampled([1, 3, 4, 320], [6, 8], 320), upsampled([1, 20, 32, 8], [40, 64], 8),
      // Of several images side by side: narrower and wider than a vector and a block, of a batch, with few and many results.
      joined([3, 5], [1, 5, 7], 4), joined([32, 16, 8], [2, 6, 5], 32, halving), joined([64, 32, 32], [1, 9, 11], 32),
      joined([64, 32, 32, 32, 32], [1, 13, 14], 64, same, Epilogue(bias: true, residual: true)),
      joined([40, 57, 3], [2, 9, 7], 45, same, Epilogue(bias: true, activation: .leakyReLU)),
      joined([96, 96], [1, 7, 6], 200), joined([33, 31], [1, 30, 29], 3),
      joined([4, 4], [1, 5, 7], 4, pointwise, kernel: [1, 1]),
    ].flatMap { $0 }

  static let same = Convolution(padding: 1, 1, 1, 1)
  static let pointwise = Convolution(padding: 0, 0, 0, 0)
  static let halving = Convolution(stride: 2, padding: Convolution.Padding(1))
  /// The encoder pads only below and to the right.
  static let encoderHalving = Convolution(
    stride: 2, padding: Convolution.Padding(top: 0, left: 0, bottom: 1, right: 1))

  static func upsampled(
    _ shape: Shape, _ size: Shape, _ outputs: Int, _ epilogue: Epilogue = Epilogue(bias: true)
  ) -> [OpCase] {
    var convolution = same
    convolution.upsampling = Convolution.Upsampling(height: size[0], width: size[1])
    return self.convolution(shape, outputs, convolution, epilogue)
  }

  /// Of several images [N, H, W, ...] with these numbers of channels.
  static func joined(
    _ channels: [Int], _ size: Shape, _ outputs: Int, _ convolution: Convolution = same,
    _ epilogue: Epilogue = Epilogue(bias: true), kernel: Shape = [3, 3]
  ) -> [OpCase] {
    let padding = convolution.padding, stride = convolution.stride
    let joined = Convolution(stride: stride, padding: padding, images: channels.count)
    return rows("conv2d \(size) of \(channels) -> \(outputs) \(kernel) stride \(stride)\(epilogue.label)") { builder in
      let images = channels.enumerated().map { builder.activation("x\($0)", [size[0], size[1], size[2], $1]) }
      let weight = builder.weight("layer.weight", [outputs, channels.reduce(0, +), kernel[0], kernel[1]])
      let height = (size[1] + padding.top + padding.bottom - kernel[0]) / stride + 1
      let width = (size[2] + padding.left + padding.right - kernel[1]) / stride + 1
      let operands = epilogue.operands(builder, result: [size[0], height, width, outputs])
      return [builder.apply(.conv2d(joined, epilogue), images + [weight] + operands)]
    }
  }

  static func convolution(
    _ shape: Shape, _ outputs: Int, _ convolution: Convolution, _ epilogue: Epilogue = Epilogue(bias: true),
    kernel: Shape = [3, 3]
  ) -> [OpCase] {
    let padding = convolution.padding
    let label = "\(kernel[0])x\(kernel[1]) stride \(convolution.stride)"
    let sides = "padding \(padding.top) \(padding.left) \(padding.bottom) \(padding.right)"
    let size = convolution.upsampling, repeated = size.map { " upsampled to \($0.height)x\($0.width)" } ?? ""
    return rows("conv2d \(shape)\(repeated) -> \(outputs) \(label) \(sides)\(epilogue.label)") { builder in
      let x = builder.activation("x", shape)
      let weight = builder.weight("layer.weight", [outputs, shape[3], kernel[0], kernel[1]])
      let height = ((size?.height ?? shape[1]) + padding.top + padding.bottom - kernel[0]) / convolution.stride + 1
      let width = ((size?.width ?? shape[2]) + padding.left + padding.right - kernel[1]) / convolution.stride + 1
      let operands = epilogue.operands(builder, result: [shape[0], height, width, outputs])
      return [builder.apply(.conv2d(convolution, epilogue), [x, weight] + operands)]
    }
  }
}

extension Convolution {
  init(padding top: Int, _ left: Int, _ bottom: Int, _ right: Int) {
    self.init(padding: Padding(top: top, left: left, bottom: bottom, right: right))
  }
}

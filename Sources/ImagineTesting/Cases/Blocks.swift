import ImagineGraph

extension OpCase {
  /// The blocks models are made of, where operations can be fused and memory is reused.
  package static let blockCases: [OpCase] = [
    rows("residual block") { [residualBlock($0, [2, 5, 7, 8], groups: 4, outputs: 8)] },
    rows("residual block with a shortcut") { [residualBlock($0, [1, 5, 7, 8], groups: 4, outputs: 12)] },
    rows("residual block of 320 channels") { [residualBlock($0, [2, 5, 7, 320], groups: 32, outputs: 320)] },
    rows("upsampling block") { builder in
      let x = builder.activation("x", [1, 3, 5, 8]).silu()
      let y = x.upsampledNearest(height: 6, width: 9).layer("conv", 8, Convolution(padding: Convolution.Padding(1)))
      return [y.silu(), x]
    },
    wrapped("residual block that wraps", [1, 2]) { [residualBlock($0, [2, 5, 7, 8], groups: 4, outputs: 12)] },
    wrapped("residual block of 64 channels that wraps along rows", [2]) {
      [residualBlock($0, [1, 9, 11, 64], groups: 32, outputs: 64)]
    },
    wrapped("tiny autoencoder block that wraps along columns", [1]) { [tinyAutoencoderBlock($0, [1, 3, 5, 8])] },
    wrapped("halving that wraps, and that of an encoder", [1, 2]) { builder in
      let x = builder.activation("x", [1, 7, 5, 12]).silu()
      let convolution = Convolution(stride: 2, padding: Convolution.Padding(1))
      let half = x.layer("conv1", 20, convolution)
      return [half, half.layer("conv2", 8, encoderHalving).silu()]
    },
    wrapped("one pixel that wraps", [1, 2]) { builder in
      [builder.activation("x", [2, 1, 1, 4]).layer("conv", 3, Convolution(padding: Convolution.Padding(1)))]
    },
    rows("tiny autoencoder block") { [tinyAutoencoderBlock($0, [1, 3, 5, 8])] },
    rows("tiny autoencoder block of 64 channels") { [tinyAutoencoderBlock($0, [2, 8, 7, 64])] },
    rows("transformer block") { [transformerBlock($0, [1, 6, 16], prompt: [1, 11, 24], heads: 2)] },
    rows("transformer block of 320 channels") {
      [transformerBlock($0, [2, 35, 320], prompt: [2, 77, 768], heads: 8)]
    },
  ].flatMap { $0 }

  /// - Parameter axes: along which convolutions go on at the opposite edge.
  private static func wrapped(
    _ name: String, _ axes: Set<Int>, build: @escaping @Sendable (GraphBuilder) -> [Tensor]
  ) -> [OpCase] {
    rows(name) { builder in
      builder.wrappedAxes = axes
      return build(builder)
    }
  }

  private static func residualBlock(_ builder: GraphBuilder, _ shape: Shape, groups: Int, outputs: Int) -> Tensor {
    let x = builder.activation("x", shape), time = builder.activation("time", [shape[0], 16])
    let convolution = Convolution(padding: Convolution.Padding(1))
    let projection = time.silu().layer("time_emb_proj", outputs)
    let h = x.norm("norm1", groups: groups).silu().layer("conv1", outputs, convolution) + projection.asChannels()
    let residual = outputs == shape.last ? x : x.layer("shortcut", outputs, Convolution(padding: .init(0)), kernel: 1)
    return residual + h.norm("norm2", groups: groups).silu().layer("conv2", outputs, convolution)
  }

  /// Latents clamped smoothly, a block of convolutions, and twice its size without a bias.
  private static func tinyAutoencoderBlock(_ builder: GraphBuilder, _ shape: Shape) -> Tensor {
    let same = Convolution(padding: Convolution.Padding(1)), channels = shape.last
    let x = (builder.activation("x", shape) * (1 / 3)).tanh() * 3
    let h = x.layer("conv1", channels, same).relu().layer("conv2", channels, same, hasBias: false).relu()
    let block = (h.layer("conv3", channels, same) + x).relu()
    let larger = block.upsampledNearest(height: 2 * shape[1], width: 2 * shape[2])
    return larger.layer("conv4", channels, same, hasBias: false).relu()
  }

  private static func transformerBlock(_ builder: GraphBuilder, _ shape: Shape, prompt: Shape, heads: Int) -> Tensor {
    let prompt = builder.activation("prompt", prompt), channels = shape.last
    func attention(_ name: String, _ x: Tensor, _ context: Tensor) -> Tensor {
      let q = x.layer("\(name).to_q", channels), k = context.layer("\(name).to_k", channels)
      let v = context.layer("\(name).to_v", channels)
      return q.attention(keys: k, values: v, heads: heads).layer("\(name).to_out", channels)
    }
    var x = builder.activation("x", shape), h = x.norm("norm1")
    x = attention("attn1", h, h) + x
    x = attention("attn2", x.norm("norm2"), prompt) + x
    h = x.norm("norm3").layer("proj", 8 * channels).geglu().layer("out", channels)
    return x + h
  }
}

extension Tensor {
  fileprivate func layer(_ path: String, _ outputs: Int) -> Tensor {
    linear(Parameter(path: "\(path).weight", shape: [outputs, shape.last]), bias: bias(path, outputs))
  }

  fileprivate func layer(
    _ path: String, _ outputs: Int, _ convolution: Convolution, kernel: Int = 3, hasBias: Bool = true
  ) -> Tensor {
    let weight = Parameter(path: "\(path).weight", shape: [outputs, shape.last, kernel, kernel])
    return conv2d(weight, bias: hasBias ? bias(path, outputs) : nil, convolution)
  }

  fileprivate func norm(_ path: String, groups: Int) -> Tensor {
    groupNorm(scale(path), bias(path, shape.last), groups: groups, epsilon: 1e-5)
  }

  fileprivate func norm(_ path: String) -> Tensor { layerNorm(scale(path), bias(path, shape.last), epsilon: 1e-5) }

  private func scale(_ path: String) -> Parameter { Parameter(path: "\(path).weight", shape: [shape.last]) }
  private func bias(_ path: String, _ count: Int) -> Parameter { Parameter(path: "\(path).bias", shape: [count]) }
}

import ImagineGraph

/// What the windows of a picture have in common, as inputs of the graph.
struct SwinWindows {
  let side: Int
  /// For each pair of positions of a window, the row of the table of biases: [1, side^4], in integers.
  let pairs: Tensor
  /// What is added to the logits of shifted windows: [1, windows, 1, side^4].
  let mask: Tensor

  static let pairsName = "relative_position_index", maskName = "attn_mask"

  init(_ builder: GraphBuilder, height: Int, width: Int, side: Int) {
    self.side = side
    let pairCount = side * side * side * side
    pairs = builder.input(Self.pairsName, [1, pairCount], .int32, isSteady: true)
    mask = builder.input(
      Self.maskName, [1, (height / side) * (width / side), 1, pairCount], isSteady: true
    ).asActivation()
  }

  /// How far shifted windows lie from the others.
  var shift: Int { side / 2 }

  /// The values of the inputs.
  static func values(height: Int, width: Int, side: Int) -> [String: HostTensor] {
    let positions = side * side
    let pairs = (0..<positions).flatMap { query in
      (0..<positions).map { key in
        let rows = query / side - key / side + side - 1, columns = query % side - key % side + side - 1
        return Int32(rows * (2 * side - 1) + columns)
      }
    }
    return [
      pairsName: HostTensor([1, pairs.count], pairs),
      maskName: HostTensor(
        [1, (height / side) * (width / side), 1, pairs.count], mask(height: height, width: width, side: side)),
    ]
  }

  /// After the shift, the last windows of a row or column hold positions from both ends of the picture, which do not see
  /// each other.
  private static func mask(height: Int, width: Int, side: Int) -> [Float] {
    func region(_ position: Int, of extent: Int) -> Int {
      position < extent - side ? 0 : position < extent - side / 2 ? 1 : 2
    }
    var mask: [Float] = []
    for top in stride(from: 0, to: height, by: side) {
      for left in stride(from: 0, to: width, by: side) {
        let regions = (0..<side * side).map { position in
          3 * region(top + position / side, of: height) + region(left + position % side, of: width)
        }
        for query in regions { mask += regions.map { $0 == query ? 0 : -100 } }
      }
    }
    return mask
  }
}

/// Attention within windows and a feed-forward layer, each around a shortcut (`SwinTransformerBlock`).
struct SwinBlock {
  private let norm1: LayerNorm, norm2: LayerNorm
  private let attention: WindowAttention
  private let hidden: Linear, output: Linear
  private let isShifted: Bool

  init(_ weights: Weights, _ configuration: SwinIR.Configuration, heads: Int, isShifted: Bool) {
    let width = configuration.width
    norm1 = LayerNorm(weights["norm1"], channels: width)
    attention = WindowAttention(weights["attn"], width: width, heads: heads, side: configuration.window)
    norm2 = LayerNorm(weights["norm2"], channels: width)
    hidden = Linear(weights["mlp"]["fc1"], in: width, out: configuration.hidden)
    output = Linear(weights["mlp"]["fc2"], in: configuration.hidden, out: width)
    self.isShifted = isShifted
  }

  /// x [N, H, W, C] -> [N, H, W, C]
  func callAsFunction(_ x: Tensor, _ windows: SwinWindows) -> Tensor {
    guard x.shape.rank == 4 else { return x }
    let shift = isShifted ? windows.shift : 0
    let attended = attention(
      norm1(x).rolled(by: shift).inWindows(of: windows.side), windows, isShifted: isShifted)
    let h = x + attended.outOfWindows(of: windows.side, x.shape).rolled(by: -shift)
    return h + output(hidden(norm2(h)).gelu())
  }
}

/// Attention of the positions of each window on each other, with a bias for how they lie to each other.
private struct WindowAttention {
  let qkv: Linear, projection: Linear
  let biases: Parameter
  let heads: Int

  init(_ weights: Weights, width: Int, heads: Int, side: Int) {
    qkv = Linear(weights["qkv"], in: width, out: 3 * width)
    projection = Linear(weights["proj"], in: width, out: width)
    biases = weights.parameter("relative_position_bias_table", [(2 * side - 1) * (2 * side - 1), heads])
    self.heads = heads
  }

  /// x [N * windows, T, C] -> [N * windows, T, C]
  func callAsFunction(_ x: Tensor, _ windows: SwinWindows, isShifted: Bool) -> Tensor {
    let (rows, tokens, width) = (x.shape[0], x.shape[1], x.shape[2]), size = width / heads
    let all = qkv(x)
    func part(_ index: Int) -> Tensor {
      all.sliced(axis: 2, start: index * width, count: width).reshaped([rows, tokens, heads, size]).permuted([
        0, 2, 1, 3,
      ])
    }
    var logits = (part(0) * (1 / Float(size).squareRoot())).matmul(part(1), transposeB: true)
    let bias = windows.pairs.embedded(in: biases).reshaped([tokens, tokens, heads]).permuted([2, 0, 1])
    logits = logits + bias.reshaped([1, heads, tokens, tokens])
    if isShifted {
      let count = windows.mask.shape[1]
      let apart = logits.reshaped([rows / count, count, heads, tokens * tokens]) + windows.mask
      logits = apart.reshaped([rows, heads, tokens, tokens])
    }
    let attended = logits.softmax().matmul(part(2))
    return projection(attended.permuted([0, 2, 1, 3]).reshaped([rows, tokens, width]))
  }
}

extension Tensor {
  /// x [N, H, W, C] with its rows and columns moved up and left by so many, those that leave coming in at the other end.
  fileprivate func rolled(by count: Int) -> Tensor {
    [1, 2].reduce(self) { image, axis in
      let first = count < 0 ? image.shape[axis] + count : count
      guard first > 0, first < image.shape[axis] else { return image }
      let end = image.sliced(axis: axis, start: first, count: image.shape[axis] - first)
      return end.concatenated(with: image.sliced(axis: axis, start: 0, count: first), axis: axis)
    }
  }

  /// x [N, H, W, C] -> [N * windows, side^2, C]
  fileprivate func inWindows(of side: Int) -> Tensor {
    let (rows, height, width, channels) = (shape[0], shape[1] / side, shape[2] / side, shape[3])
    return reshaped([rows, height, side, width, side, channels]).permuted([0, 1, 3, 2, 4, 5])
      .reshaped([rows * height * width, side * side, channels])
  }

  /// The way back to an image of this shape.
  fileprivate func outOfWindows(of side: Int, _ image: Shape) -> Tensor {
    reshaped([image[0], image[1] / side, image[2] / side, side, side, image[3]]).permuted([0, 1, 3, 2, 4, 5])
      .reshaped(image)
  }
}

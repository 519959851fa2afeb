import ImagineGraph

extension OpCase {
  package static let attentionCases: [OpCase] =
    [
      attention([1, 1, 8], sources: 1, heads: 1), attention([2, 5, 16], sources: 5, heads: 2),
      attention([3, 5, 16], sources: 7, heads: 2), attention([2, 7, 12], sources: 7, heads: 3, causal: true),
      attention([1, 3, 16], sources: 9, heads: 2, causal: true),
      // Every head width of Stable Diffusion 1.x, against itself and against a prompt.
      attention([1, 9, 16], sources: 9, heads: 2), attention([2, 6, 80], sources: 6, heads: 2),
      attention([1, 6, 80], sources: 77, heads: 2), attention([1, 9, 128], sources: 9, heads: 2),
      attention([1, 9, 160], sources: 9, heads: 2), attention([1, 5, 160], sources: 77, heads: 2),
      attention([1, 5, 320], sources: 5, heads: 2), attention([1, 2, 320], sources: 77, heads: 2),
      attention([1, 5, 512], sources: 5, heads: 1), attention([1, 20, 64], sources: 20, heads: 1, causal: true),
      // In full: the text encoder, each level, the picture decoder, the latents of a 320 x 448 picture.
      attention([1, 77, 768], sources: 77, heads: 12, causal: true), attention([2, 140, 320], sources: 140, heads: 8),
      attention([2, 140, 320], sources: 77, heads: 8), attention([2, 70, 640], sources: 70, heads: 8),
      attention([1, 70, 640], sources: 154, heads: 8), attention([2, 35, 1280], sources: 35, heads: 8),
      attention([2, 35, 1280], sources: 77, heads: 8), attention([1, 35, 512], sources: 35, heads: 1),
      attention([4, 64, 64], sources: 64, heads: 8), attention([1, 2240, 16], sources: 2240, heads: 2),
      // Several blocks of keys and of queries; widths that no vector fits, and heads of several slices.
      attention([1, 66, 40], sources: 77, heads: 1), attention([1, 37, 27], sources: 41, heads: 3, causal: true),
      attention([1, 35, 64], sources: 131, heads: 1, causal: true), attention([1, 11, 172], sources: 23, heads: 1),
      attention([1, 5, 513], sources: 37, heads: 1), attention([2, 3, 512], sources: 131, heads: 1),
      attention([1, 290, 24], sources: 290, heads: 2, causal: true), attention([1, 100, 20], sources: 261, heads: 1),
      attention([1, 37, 22], sources: 300, heads: 2, causal: true),
      // Levels of pictures of 320x512, 384x384, 512x832 and 768x640; heads of 64 as in Stable Diffusion 2.x and XL; the
      // picture decoder.
      attention([1, 640, 80], sources: 640, heads: 1), attention([1, 576, 40], sources: 576, heads: 1),
      attention([1, 1664, 80], sources: 77, heads: 1), attention([1, 480, 128], sources: 480, heads: 2),
      attention([1, 104, 160], sources: 104, heads: 1), attention([2, 144, 640], sources: 144, heads: 10),
      attention([1, 120, 1280], sources: 77, heads: 20), attention([1, 266, 512], sources: 266, heads: 1),
      // Logits beyond the range of an exponential; in bfloat16 they would have no digits left.
      rows(
        "attention large logits", ["q": .normal(deviation: 10), "k": .normal(deviation: 10)], in: [.float32],
        build: { [$0.activation("q", [1, 9, 80]).attention($0.activation("k", [1, 11, 80]), heads: 2)] }),
      attentionFarBelowZero.filter { $0.precision == .float32 },
      rows("attention of one tensor", [2, 9, 24]) { $0.attention($0, heads: 3) },
      rows("attention of slices", [1, 9, 72]) { x in
        let (q, k, v) = (x.channels(0..<24), x.channels(24..<48), x.channels(48..<72))
        return q.attention(keys: k, values: v, heads: 3, causal: true)
      },
    ].flatMap { $0 }

  /// Where a key that does not exist would outweigh all others. As basic operations, 16 bits would leave of these scores what
  /// says little.
  private static let attentionFarBelowZero = rows(
    "attention far below zero", ["q": .normal(mean: 5), "k": .normal(mean: -5)]
  ) {
    [$0.activation("q", [1, 9, 40]).attention($0.activation("k", [1, 11, 40]), heads: 1)]
  }

  /// Cases of 16 bits that operations as they stand compute, and their decompositions do not.
  package static let undecomposed = attentionFarBelowZero.filter { $0.precision != .float32 }

  private static func attention(_ shape: Shape, sources: Int, heads: Int, causal: Bool = false) -> [OpCase] {
    let source = shape.replacing(axis: 1, with: sources)
    return rows("attention \(shape) to \(sources), \(heads) heads\(causal ? ", causal" : "")") { builder in
      let keys = builder.activation("k", source), values = builder.activation("v", source)
      return [builder.activation("q", shape).attention(keys: keys, values: values, heads: heads, causal: causal)]
    }
  }
}

extension Tensor {
  fileprivate func attention(_ other: Tensor, heads: Int) -> Tensor {
    attention(keys: other, values: other, heads: heads)
  }

  /// Some indices of the last axis.
  func channels(_ range: Range<Int>) -> Tensor {
    sliced(axis: shape.rank - 1, start: range.lowerBound, count: range.count)
  }
}

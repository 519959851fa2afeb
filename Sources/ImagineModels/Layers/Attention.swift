package import ImagineGraph

/// Multi-head attention of tokens on themselves or on a context (diffusers `Attention`).
package struct Attention {
  let toQ: Linear, toK: Linear, toV: Linear, toOut: Linear
  let heads: Int
  /// Of its weights.
  let path: String

  /// - Parameters:
  ///   - channels: width of the tokens, of the heads together, and of the result.
  ///   - context: width of the keys' and values' source; `channels` for self-attention.
  ///   - bias: whether the projections of queries, keys and values have one; the output's always has.
  package init(_ weights: Weights, channels: Int, context: Int, heads: Int, bias: Bool = false) {
    toQ = Linear(weights["to_q"], in: channels, out: channels, bias: bias)
    toK = Linear(weights["to_k"], in: context, out: channels, bias: bias)
    toV = Linear(weights["to_v"], in: context, out: channels, bias: bias)
    toOut = Linear(weights["to_out", 0], in: channels, out: channels)
    self.heads = heads
    path = weights.path
  }

  /// x [N, T, C], context [N, S, D] -> [N, T, C]; without a context, self-attention.
  ///
  /// - Parameters:
  ///   - images: keys and values [N, S', C] that are attended to apart, each with a softmax of its own, and added (IP-Adapter).
  ///   - queriesAtOnce: of the T queries, so that a backend without a kernel for such heads, which keeps a weight
  ///     for each pair of query and key, needs less memory; all unless given.
  package func callAsFunction(
    _ x: Tensor, context: Tensor? = nil, images: [(keys: Tensor, values: Tensor)] = [], queriesAtOnce: Int? = nil
  ) -> Tensor {
    let source = context ?? x
    let queries = toQ(x), keys = toK(source), values = toV(source), count = queries.shape[1]
    guard let queriesAtOnce, queriesAtOnce < count else {
      let text = queries.attention(keys: keys, values: values, heads: heads)
      return toOut(images.reduce(text) { $0 + queries.attention(keys: $1.keys, values: $1.values, heads: heads) })
    }
    let parts = stride(from: 0, to: count, by: max(queriesAtOnce, 1)).map { start in
      queries.sliced(axis: 1, start: start, count: min(max(queriesAtOnce, 1), count - start))
        .attention(keys: keys, values: values, heads: heads)
    }
    return toOut(x.builder.apply(.concat(axis: 1), parts))
  }
}

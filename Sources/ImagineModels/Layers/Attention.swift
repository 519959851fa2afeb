package import ImagineGraph

/// Multi-head attention of tokens on themselves or on a context (diffusers `Attention`).
package struct Attention {
  let toQ: Linear, toK: Linear, toV: Linear, toOut: Linear
  let heads: Int

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
  }

  /// x [N, T, C], context [N, S, D] -> [N, T, C]; without a context, self-attention.
  package func callAsFunction(_ x: Tensor, context: Tensor? = nil) -> Tensor {
    let source = context ?? x
    return toOut(toQ(x).attention(keys: toK(source), values: toV(source), heads: heads))
  }
}

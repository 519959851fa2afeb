package import ImagineGraph

/// A feed-forward network with a gated first half: linear, GEGLU, linear.
package struct FeedForward {
  let projection: Linear, output: Linear

  package init(_ weights: Weights, channels: Int) {
    projection = Linear(weights["net", 0]["proj"], in: channels, out: channels * 8)
    output = Linear(weights["net", 2], in: channels * 4, out: channels)
  }

  package func callAsFunction(_ x: Tensor) -> Tensor { output(projection(x).geglu()) }
}

/// Self-attention, cross-attention to the prompt and a feed-forward network, each normalised and added.
package struct BasicTransformerBlock {
  let norm1: LayerNorm, norm2: LayerNorm, norm3: LayerNorm
  let attn1: Attention, attn2: Attention
  let ff: FeedForward
  let channels: Int

  package init(_ weights: Weights, channels: Int, context: Int, heads: Int) {
    norm1 = LayerNorm(weights["norm1"], channels: channels)
    attn1 = Attention(weights["attn1"], channels: channels, context: channels, heads: heads)
    norm2 = LayerNorm(weights["norm2"], channels: channels)
    attn2 = Attention(weights["attn2"], channels: channels, context: context, heads: heads)
    norm3 = LayerNorm(weights["norm3"], channels: channels)
    ff = FeedForward(weights["ff"], channels: channels)
    self.channels = channels
  }

  /// x [N, T, C] -> [N, T, C]
  package func callAsFunction(_ x: Tensor, context: AttentionContext) -> Tensor {
    var x = x
    x = attn1(norm1(x)) + x
    x = attn2(norm2(x), context: context.text, images: context.images(for: attn2.path, channels: channels)) + x
    return ff(norm3(x)) + x
  }
}

/// Transformer blocks over the positions of an image.
///
/// `proj_in` and `proj_out` are 1x1 convolutions in some checkpoints and linear layers in others; on [N, H, W, C] they
/// are the same product.
package struct Transformer2DModel {
  let norm: GroupNorm
  let projIn: Linear, projOut: Linear
  let blocks: [BasicTransformerBlock]

  package init(_ weights: Weights, channels: Int, context: Int, heads: Int, depth: Int, groups: Int) {
    norm = GroupNorm(weights["norm"], channels: channels, groups: groups, epsilon: 1e-6)
    projIn = Linear(weights["proj_in"], in: channels, out: channels)
    blocks = (0..<depth).map {
      BasicTransformerBlock(
        weights["transformer_blocks", $0], channels: channels, context: context, heads: heads)
    }
    projOut = Linear(weights["proj_out"], in: channels, out: channels)
  }

  /// x [N, H, W, C] -> [N, H, W, C]
  package func callAsFunction(_ x: Tensor, context: AttentionContext) -> Tensor {
    var tokens = projIn(norm(x).asTokens())
    for block in blocks { tokens = block(tokens, context: context) }
    return (projOut(tokens) + x.asTokens()).reshaped(x.shape)
  }
}

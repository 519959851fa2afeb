package import ImagineGraph

/// What an IP-Adapter makes of an encoded picture: a few tokens as wide as the prompt's (Ye et al. 2023, IP-Adapter).
///
/// Structures and weight paths are those of diffusers' `ImageProjection`, `IPAdapterPlusImageProjection` and
/// `IPAdapterFullImageProjection`.
package enum ImageProjection {
  /// Of the picture as one vector: "plain".
  case plain(PlainProjection)
  /// Of the picture's vectors: "plus".
  case resampler(Resampler)
  /// Of each of the picture's vectors: "full face".
  case full(FullProjection)

  /// - plain: [N, E]; otherwise [N, T, C] -> [N, tokens, D]
  package func callAsFunction(_ picture: Tensor) -> Tensor {
    switch self {
    case .plain(let projection): projection(picture)
    case .resampler(let resampler): resampler(picture)
    case .full(let projection): projection(picture)
    }
  }
}

package struct PlainProjection {
  let linear: Linear
  let norm: LayerNorm
  let tokens: Int

  init(_ weights: Weights, in inputs: Int, out outputs: Int, tokens: Int) {
    linear = Linear(weights["image_embeds"], in: inputs, out: tokens * outputs)
    norm = LayerNorm(weights["norm"], channels: outputs)
    self.tokens = tokens
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let tokens = linear(x.asActivation())
    return norm(tokens.reshaped([x.shape[0], self.tokens, tokens.shape.last / self.tokens]))
  }
}

package struct FullProjection {
  let first: Linear, second: Linear
  let norm: LayerNorm

  init(_ weights: Weights, in inputs: Int, out outputs: Int) {
    first = Linear(weights["ff.net", 0]["proj"], in: inputs, out: inputs)
    second = Linear(weights["ff.net", 2], in: inputs, out: outputs)
    norm = LayerNorm(weights["norm"], channels: outputs)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { norm(second(first(x.asActivation()).gelu())) }
}

/// Learned queries that look at the picture's vectors and at each other, layer after layer (Alayrac et al. 2022, Flamingo:
/// the Perceiver resampler).
package struct Resampler {
  struct Layer {
    let pictureNorm: LayerNorm, queryNorm: LayerNorm, forwardNorm: LayerNorm
    let toQ: Linear, toK: Linear, toV: Linear, toOut: Linear
    let first: Linear, second: Linear
    let heads: Int

    init(_ weights: Weights, width: Int, inner: Int, hidden: Int, heads: Int) {
      pictureNorm = LayerNorm(weights["ln0"], channels: width)
      queryNorm = LayerNorm(weights["ln1"], channels: width)
      toQ = Linear(weights["attn.to_q"], in: width, out: inner, bias: false)
      toK = Linear(weights["attn.to_k"], in: width, out: inner, bias: false)
      toV = Linear(weights["attn.to_v"], in: width, out: inner, bias: false)
      toOut = Linear(weights["attn.to_out", 0], in: inner, out: width, bias: false)
      forwardNorm = LayerNorm(weights["ff", 0], channels: width)
      first = Linear(weights["ff.1.net", 0]["proj"], in: width, out: hidden, bias: false)
      second = Linear(weights["ff.1.net", 2], in: hidden, out: width, bias: false)
      self.heads = heads
    }

    func callAsFunction(_ picture: Tensor, _ queries: Tensor) -> Tensor {
      let own = queryNorm(queries), all = pictureNorm(picture).concatenated(with: own, axis: 1)
      let attended = toQ(own).attention(keys: toK(all), values: toV(all), heads: heads)
      let h = toOut(attended) + queries
      return second(first(forwardNorm(h)).gelu()) + h
    }
  }

  let latents: Parameter
  let projIn: Linear, projOut: Linear
  let normOut: LayerNorm
  let layers: [Layer]

  init(_ weights: Weights, _ structure: IPAdapter.Configuration.ResamplerStructure, in inputs: Int, out outputs: Int) {
    let width = structure.width
    latents = weights.parameter("latents", [1, structure.tokens, width])
    projIn = Linear(weights["proj_in"], in: inputs, out: width)
    layers = (0..<structure.layers).map {
      Layer(
        weights["layers", $0], width: width, inner: structure.heads * structure.headWidth, hidden: structure.hidden,
        heads: structure.heads)
    }
    projOut = Linear(weights["proj_out"], in: width, out: outputs)
    normOut = LayerNorm(weights["norm_out"], channels: outputs)
  }

  /// The pictures share their queries, and look at nothing of each other.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let picture = projIn(x.asActivation())
    let one = x.builder.parameter(latents).asActivation()
    let start = x.shape[0] == 1 ? one : x.builder.apply(.concat(axis: 0), [Tensor](repeating: one, count: x.shape[0]))
    return normOut(projOut(layers.reduce(start) { $1(picture, $0) }))
  }
}

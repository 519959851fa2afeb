package import ImagineGraph

extension StableDiffusionModel {
  /// The text encoder for `prompts` prompts: `ids` [N, 77] -> [N, 77, D].
  package func textEncoderGraph(prompts: Int, precision: Precision) throws(GraphError) -> Graph {
    let builder = GraphBuilder(precision: precision)
    return try builder.finish([
      textEncoder(builder.input("ids", [prompts, configuration.textEncoder.maxPositions], .int32))
    ])
  }

  /// The denoiser: `latents` [N, h, w, 4], `timestep` [N] and `context` [N, 77, D] -> [N, h, w, 4].
  ///
  /// - Parameter latents: their shape; a step with guidance has two.
  package func denoiserGraph(latents: Shape, precision: Precision) throws(GraphError) -> Graph {
    let builder = GraphBuilder(precision: precision), prompts = latents[0]
    let context: Shape = [prompts, configuration.textEncoder.maxPositions, configuration.unet.crossAttentionDim]
    return try builder.finish([
      unet(
        builder.input("latents", latents), timestep: builder.input("timestep", [prompts]),
        context: builder.input("context", context))
    ])
  }

  /// The picture decoder: `latents` [N, h, w, 4] -> pixels [N, H, W, 3].
  package func decoderGraph(latents: Shape, precision: Precision) throws(GraphError) -> Graph {
    let builder = GraphBuilder(precision: precision)
    return try builder.finish([vae.decode(builder.input("latents", latents))])
  }
}

package import ImagineGraph

/// The three networks on symbolic inputs of a shape.
extension StableDiffusionModel {
  /// `ids` [N, 77] -> the prompts' vectors [N, 77, D].
  package func tracedTextEncoder(prompts: Int, _ builder: GraphBuilder) -> Tensor {
    textEncoder(builder.input("ids", [prompts, configuration.textEncoder.maxPositions], .int32)).hidden
  }

  /// `latents` [N, h, w, 4], `timestep` [N] and `context` [N, 77, D] -> [N, h, w, 4]; a UNet with an addition embedding
  /// takes `text_embeds` [N, P] and `time_ids` [N, 6], too.
  ///
  /// - Parameter latents: their shape; a step with guidance has two.
  package func tracedDenoiser(latents: Shape, _ builder: GraphBuilder) -> Tensor {
    let context: Shape = [latents[0], configuration.textEncoder.maxPositions, configuration.unet.crossAttentionDim]
    let addition = configuration.unet.additionEmbedding.map {
      TextTimeEmbedding.Input(
        text: builder.input("text_embeds", [latents[0], $0.textWidth], isSteady: true),
        timeIDs: builder.input("time_ids", [latents[0], $0.timeIDs], isSteady: true))
    }
    return unet(
      builder.input("latents", latents), timestep: builder.input("timestep", [latents[0]]),
      context: builder.input("context", context, isSteady: true), addition: addition)
  }

  /// `latents` [N, h, w, 4] -> pixels [N, H, W, 3].
  package func tracedDecoder(latents: Shape, _ builder: GraphBuilder) -> Tensor {
    vae.decode(builder.input("latents", latents))
  }
}

/// The same as graphs of their own.
extension StableDiffusionModel {
  package func textEncoderGraph(prompts: Int, precision: Precision) throws(GraphError) -> Graph {
    let builder = GraphBuilder(precision: precision)
    return try builder.finish([tracedTextEncoder(prompts: prompts, builder)])
  }

  package func denoiserGraph(latents: Shape, precision: Precision) throws(GraphError) -> Graph {
    let builder = GraphBuilder(precision: precision)
    return try builder.finish([tracedDenoiser(latents: latents, builder)])
  }

  package func decoderGraph(latents: Shape, precision: Precision) throws(GraphError) -> Graph {
    let builder = GraphBuilder(precision: precision)
    return try builder.finish([tracedDecoder(latents: latents, builder)])
  }
}

import ImagineGraph

extension Network {
  /// The inputs are the denoiser's, without planes behind the latents (and `context` only if it reads the prompt), and
  ///
  /// - `hint` [1, h * r, w * r, 3], red, green and blue in 0...1
  /// - `scale.<k>` [rows, 1, 1, 1] for each result
  ///
  /// The results are what to add to each skip, and to the middle.
  package static func controlNet(_ model: ControlNetModel) -> Network {
    let configuration = model.configuration, unet = configuration.unet
    return Network(role: .control, name: "ControlNet", prefixes: ["controlnet."]) { shape, builder in
      func steady(_ name: String, _ dimensions: Int...) -> Tensor {
        builder.input(name, Shape([shape.rows] + dimensions), isSteady: true)
      }
      let addition = unet.additionEmbedding.map {
        TextTimeEmbedding.Input(text: steady("text_embeds", $0.textWidth), timeIDs: steady("time_ids", $0.timeIDs))
      }
      let reduction = configuration.hintReduction
      let hint = builder.input(
        "hint", [1, shape.height * reduction, shape.width * reduction, configuration.hintChannels], isSteady: true)
      return model(
        builder.input("latents", [shape.rows, shape.height, shape.width, unet.inChannels]),
        timestep: builder.input("timestep", [shape.rows]),
        context: steady("context", shape.tokens, unet.crossAttentionDim), hint: hint, addition: addition,
        scales: (0...configuration.skipCount).map { steady("scale.\($0)", 1, 1, 1) })
    }
  }
}

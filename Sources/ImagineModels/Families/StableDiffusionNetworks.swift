import ImagineCheckpoint
import ImagineGraph

/// Models of the Stable Diffusion kind: text encoders of CLIP, a UNet, and an autoencoder.
extension DiffusionModel {
  /// Builds the networks. The report says what is missing; running an incomplete model fails when a weight is read.
  package init(_ configuration: ModelConfiguration, _ layout: CheckpointLayout) {
    let inventory = WeightInventory(layout.shapes)
    let networks =
      configuration.textEncoders.enumerated().map { index, encoder in
        let name = configuration.textEncoders.count == 1 ? "text encoder" : "text encoder \(index + 1)"
        let model = CLIPTextModel(Weights(inventory, path: "\(encoder.component).text_model"), encoder.model)
        return Network.textEncoder(model, index, name, encoder, isPooled: configuration.pooled == index)
      }
      + [.denoiser(UNet2DConditionModel(Weights(inventory, path: "unet"), configuration.unet))]
      + Network.autoencoder(Weights(inventory, path: "vae"), configuration)
    self.networks = networks.map { $0.reading(inventory.requested) }
    conditioning = Conditioning(configuration)
    latent = configuration.latent.coloured(by: configuration.latentColours)
    scheduler = configuration.scheduler
    defaults = configuration.defaults
    report = inventory.report
    parameters = inventory.requested
  }
}

extension LatentFormat {
  /// The same with its colours, if they are of so many channels.
  fileprivate func coloured(by colours: LatentColours?) -> LatentFormat {
    var format = self
    format.colours = colours.flatMap { $0.factors.count == channels ? $0 : nil }
    return format
  }
}

extension Conditioning {
  fileprivate init(_ configuration: ModelConfiguration) {
    self.init(
      texts: configuration.textEncoders.enumerated().map { index, encoder in
        Text(
          role: .textEncoder(index), padding: encoder.padding, layers: encoder.model.layers,
          skippedLayers: encoder.skippedLayers, absentLayers: encoder.absentLayers)
      })
    pooled = configuration.pooled
    numbers = configuration.numbers
    zeroesEmptyNegative = configuration.zeroesEmptyNegative
    guidanceWidth = configuration.unet.guidanceWidth
    planes = configuration.planes
  }
}

extension Network {
  fileprivate static func textEncoder(
    _ model: CLIPTextModel, _ index: Int, _ name: String, _ encoder: ModelConfiguration.TextEncoder, isPooled: Bool
  ) -> Network {
    Network(role: .textEncoder(index), name: name, prefixes: ["\(encoder.component)."]) { shape, builder in
      let tokens = encoder.model.maxPositions
      let ids = builder.input("ids", [shape.rows, tokens], .int32)
      let pooling = isPooled ? builder.input("pooling", [shape.rows, 1, tokens]) : nil
      let output = CLIPTextModel.Output(
        skippedLayers: shape.skippedLayers, isNormalised: encoder.isNormalised, isPooled: isPooled)
      let (hidden, pooled) = model(ids, output, pooling: pooling)
      return [hidden] + [pooled].compactMap { $0 }
    }
  }

  fileprivate static func denoiser(_ unet: UNet2DConditionModel) -> Network {
    let configuration = unet.configuration
    return Network(role: .denoiser, name: "UNet", prefixes: ["unet."]) { shape, builder in
      func steady(_ name: String, _ dimensions: Int...) -> Tensor {
        builder.input(name, Shape([shape.rows] + dimensions), isSteady: true)
      }
      let addition = configuration.additionEmbedding.map {
        TextTimeEmbedding.Input(text: steady("text_embeds", $0.textWidth), timeIDs: steady("time_ids", $0.timeIDs))
      }
      let time = unet.timeEmbedding(
        builder.input("timestep", [shape.rows]), addition,
        configuration.guidanceWidth.map { steady("timestep_cond", $0) })
      return unet.results(
        builder.input("latents", [shape.rows, shape.height, shape.width, configuration.inChannels]), time: time,
        context: steady("context", shape.tokens, configuration.crossAttentionDim), shape.additions)
    }
  }

  fileprivate static func autoencoder(_ weights: Weights, _ configuration: ModelConfiguration) -> [Network] {
    guard let tiny = configuration.tinyVAE.map({ AutoencoderTiny(weights, $0) }) else {
      let vae = AutoencoderKL(weights, configuration.vae)
      var networks = autoencoder(
        configuration.latent, hasEncoder: configuration.vae.hasEncoder, decode: { vae.decode($0) },
        encode: { vae.encode($0) })
      networks[0].tiling = vae.sectionedDecoder
      if networks.count > 1 { networks[1].tiling = vae.sectionedEncoder }
      return networks
    }
    var networks = autoencoder(
      configuration.latent, hasEncoder: tiny.configuration.hasEncoder, decode: { tiny.decode($0) },
      encode: { tiny.encode($0) })
    for index in networks.indices { networks[index].isQuick = true }
    return networks
  }

  /// The decoder, and the encoder if there is one.
  private static func autoencoder(
    _ latent: LatentFormat, hasEncoder: Bool, decode: @escaping @Sendable (Tensor) -> Tensor,
    encode: @escaping @Sendable (Tensor) -> Tensor
  ) -> [Network] {
    let decoder = Network(
      role: .decoder, name: "decoder", prefixes: ["vae.decoder.", "vae.post_quant_conv."]
    ) { shape, builder in
      [decode(builder.input("latents", [shape.rows, shape.height, shape.width, latent.channels]))]
    }
    guard hasEncoder else { return [decoder] }
    let encoder = Network(
      role: .encoder, name: "encoder", prefixes: ["vae.encoder.", "vae.quant_conv."]
    ) { shape, builder in
      [
        encode(
          builder.input(
            "pixels", [shape.rows, shape.height * latent.reduction, shape.width * latent.reduction, 3]))
      ]
    }
    return [decoder, encoder]
  }
}

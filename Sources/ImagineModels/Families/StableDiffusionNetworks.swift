import ImagineCheckpoint
import ImagineGraph

/// Models of the Stable Diffusion kind: text encoders of CLIP, a UNet, and an autoencoder.
extension DiffusionModel {
  /// Builds the networks. The report says what is missing; running an incomplete model fails when a weight is read.
  package init(_ configuration: ModelConfiguration, _ layout: CheckpointLayout) {
    let inventory = WeightInventory(layout.shapes)
    let encoders = configuration.textEncoders.map {
      CLIPTextModel(Weights(inventory, path: "\($0.component).text_model"), $0.model)
    }
    let unet = UNet2DConditionModel(Weights(inventory, path: "unet"), configuration.unet)
    let vae = AutoencoderKL(Weights(inventory, path: "vae"), configuration.vae)
    let texts = encoders.indices.map { index in
      Network.textEncoder(encoders[index], index, of: configuration)
    }
    networks = (texts + [.denoiser(unet, of: configuration)] + Network.autoencoder(vae)).map {
      $0.reading(inventory.requested)
    }
    conditioning = Conditioning(configuration)
    latent = LatentFormat(
      channels: configuration.vae.latentChannels, reduction: configuration.vae.reduction,
      scale: configuration.vae.scalingFactor)
    scheduler = configuration.scheduler
    defaults = configuration.defaults
    report = inventory.report
    parameters = inventory.requested
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
    extraChannels = configuration.extraChannels
  }
}

extension Network {
  fileprivate static func textEncoder(
    _ model: CLIPTextModel, _ index: Int, of configuration: ModelConfiguration
  ) -> Network {
    let name = configuration.textEncoders.count == 1 ? "text encoder" : "text encoder \(index + 1)"
    let component = configuration.textEncoders[index].component
    return Network(role: .textEncoder(index), name: name, prefixes: ["\(component)."]) { shape, builder in
      [model(builder.input("ids", [shape.rows, configuration.textEncoders[index].model.maxPositions], .int32))]
    }
  }

  fileprivate static func denoiser(_ unet: UNet2DConditionModel, of configuration: ModelConfiguration) -> Network {
    Network(role: .denoiser, name: "UNet", prefixes: ["unet."]) { shape, builder in
      let addition = unet.configuration.additionEmbedding.map {
        TextTimeEmbedding.Input(
          text: builder.input("text_embeds", [shape.rows, $0.textWidth], isSteady: true),
          timeIDs: builder.input("time_ids", [shape.rows, $0.timeIDs], isSteady: true))
      }
      let latents = builder.input("latents", [shape.rows, shape.height, shape.width, unet.configuration.inChannels])
      return [
        unet(
          latents, timestep: builder.input("timestep", [shape.rows]),
          context: builder.input(
            "context", [shape.rows, shape.tokens, unet.configuration.crossAttentionDim], isSteady: true),
          addition: addition)
      ]
    }
  }

  fileprivate static func autoencoder(_ vae: AutoencoderKL) -> [Network] {
    let configuration = vae.configuration
    var decoder = Network(role: .decoder, name: "decoder", prefixes: ["vae.decoder.", "vae.post_quant_conv."]) {
      shape, builder in
      [vae.decode(builder.input("latents", [shape.rows, shape.height, shape.width, configuration.latentChannels]))]
    }
    decoder.tiling = vae
    guard configuration.hasEncoder else { return [decoder] }
    let encoder = Network(role: .encoder, name: "encoder", prefixes: ["vae.encoder.", "vae.quant_conv."]) {
      shape, builder in
      let side = configuration.reduction
      return [vae.encode(builder.input("pixels", [shape.rows, shape.height * side, shape.width * side, 3]))]
    }
    return [decoder, encoder]
  }
}

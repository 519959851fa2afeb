import ImagineCheckpoint
import ImagineModels
import ImagineTesting
import Testing

/// The autoencoder against diffusers; `Tests/References/modules_goldens.py` makes the goldens.
@Suite struct AutoencoderTests {
  @Test func decoder() throws {
    let golden = try ModuleGolden("vae_decoder")
    let configuration = try golden.autoencoder
    try golden.check(inputs: ["latent"], ignoringMissing: true) { weights, x in
      [AutoencoderKL(weights, configuration).decode(x[0])]
    }
  }

  @Test func encoder() throws {
    let golden = try ModuleGolden("vae_encoder")
    let configuration = try golden.autoencoder
    try golden.check(inputs: ["image"], ignoringMissing: true) { weights, x in
      [AutoencoderKL(weights, configuration).encode(x[0])]
    }
  }
}

extension ModuleGolden {
  fileprivate var autoencoder: AutoencoderKL.Configuration {
    get throws {
      var configuration = AutoencoderKL.Configuration()
      configuration.blockOutChannels = try #require(config["block_out_channels"]?.array).compactMap(\.int)
      configuration.layersPerBlock = try int("layers_per_block")
      configuration.normGroups = try int("norm_num_groups")
      configuration.scalingFactor = 1
      return configuration
    }
  }
}

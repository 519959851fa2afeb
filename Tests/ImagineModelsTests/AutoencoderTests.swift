import ImagineCheckpoint
import ImagineGraph
import ImagineTesting
import Testing

@testable import ImagineModels

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

  @Test("Without convolutions next to the latents, and with statistics of six channels; the structure is read")
  func withoutQuantConvolutions() throws {
    let golden = try ModuleGolden("vae_bare")
    try SettingTable.autoencoder.check(golden.config)
    let configuration = try AutoencoderKL.Configuration(golden.layout(of: "vae"), scalingFactor: 0.13025)
    #expect(!configuration.hasQuantConv && !configuration.hasPostQuantConv && configuration.latentChannels == 6)
    try golden.check(inputs: ["latent", "image"], outputs: ["output", "output.encoded"]) { weights, x in
      let vae = AutoencoderKL(weights, configuration)
      return [vae.decode(x[0]), vae.encode(x[1])]
    }
  }

  @Test("Statistics of latents that are none are refused")
  func latentStatistics() throws {
    let inventory = WeightInventory([:])
    _ = AutoencoderKL(Weights(inventory, path: "vae"), ModelConfiguration.miniature.vae)
    func read(_ notes: String) throws -> LatentStatistics? {
      let notes = try JSONValue(parsing: "{\"norm_num_groups\":8,\(notes)}")
      return try AutoencoderKL.Configuration(
        CheckpointLayout(shapes: inventory.requested, configurations: ["vae": notes])
      ).latentStatistics
    }
    let four = "[1,1,1,1]"
    #expect(try read(#""latents_mean":null,"latents_std":null"#) == nil)
    #expect(try read("\"latents_mean\":\(four),\"latents_std\":\(four)")?.means == [1, 1, 1, 1])
    for other in ["[1,1,1]", "[1,1,1,1,1]", "[1,1,1,\"1\"]", "[1,1,1,0]", "[1,1,1,1e300]", "{}", "1", "null"] {
      #expect(throws: ModelError.self, "\(other)") { try read("\"latents_mean\":\(four),\"latents_std\":\(other)") }
    }
  }

  @Test("Convolutions next to the latents: what a configuration says is so; without one, what there is")
  func quantConvolutions() throws {
    func read(_ notes: String?, without gone: String...) throws -> AutoencoderKL.Configuration {
      let inventory = WeightInventory([:])
      _ = AutoencoderKL(Weights(inventory, path: "vae"), ModelConfiguration.miniature.vae)
      let shapes = inventory.requested.filter { path, _ in !gone.contains { path.hasPrefix($0) } }
      let notes =
        try notes.map { ["vae": try JSONValue(parsing: $0)] } ?? [
          "vae": try JSONValue(parsing: #"{"norm_num_groups":8}"#)
        ]
      return try AutoencoderKL.Configuration(CheckpointLayout(shapes: shapes, configurations: notes))
    }
    let gone = try read(nil, without: "vae.quant_conv", "vae.post_quant_conv")
    #expect(!gone.hasQuantConv && !gone.hasPostQuantConv)
    let whole = try read(nil)
    #expect(whole.hasQuantConv && whole.hasPostQuantConv)
    // Half of a convolution is a damaged one, which the report names.
    #expect(try read(nil, without: "vae.post_quant_conv.weight").hasPostQuantConv)
    let kind = #""_class_name":"AutoencoderKL","norm_num_groups":8"#
    #expect(try read("{\(kind)}", without: "vae.post_quant_conv").hasPostQuantConv)
    #expect(try !read("{\(kind),\"use_post_quant_conv\":false}").hasPostQuantConv)
    #expect(throws: ModelError.self) { try read("{\(kind),\"use_quant_conv\":1}") }
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

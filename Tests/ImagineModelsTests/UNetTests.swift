import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import ImagineModels
import ImagineTesting
import Testing

/// The UNet and its blocks against diffusers; `Tests/References/modules_goldens.py` makes the goldens.
@Suite struct UNetTests {
  @Test(arguments: ["down_block", "down_block_cross"])
  func downBlock(_ name: String) throws {
    let golden = try ModuleGolden(name)
    let level = try golden.level
    let (inputs, outputs) = (try golden.int("in_channels"), try golden.int("out_channels"))
    let layers = try golden.int("num_layers")
    let downsamples = golden.config["add_downsample"]?.bool ?? true
    let skipNames = (0..<(downsamples ? layers + 1 : layers)).map { "output.skip.\($0)" }
    try golden.check(inputs: golden.inputs(["sample", "temb"]), outputs: ["output"] + skipNames) { weights, x in
      let block = DownBlock2D(
        weights, in: inputs, out: outputs, layers: layers, downsamples: downsamples, level: level)
      var skips: [Tensor] = []
      let result = block(x[0], time: x[1], context: x.last ?? x[0], skips: &skips)
      return [result] + skips
    }
  }

  @Test func midBlock() throws {
    let golden = try ModuleGolden("mid_block_cross")
    let level = try golden.level
    let channels = try golden.int("in_channels")
    try golden.check(inputs: ["sample", "temb", "context"]) { weights, x in
      [UNetMidBlock2DCrossAttn(weights, channels: channels, level: level)(x[0], time: x[1], context: x[2])]
    }
  }

  /// The last skip only gives the size to upsample to, as in the whole UNet.
  @Test(arguments: ["up_block", "up_block_cross"])
  func upBlock(_ name: String) throws {
    let golden = try ModuleGolden(name)
    let level = try golden.level
    let (below, outputs) = (try golden.int("prev_output_channel"), try golden.int("out_channels"))
    let skipChannels = try (0..<3).map { try golden.golden.tensor("input.skip.\(2 - $0)").shape.last }
    let skipNames = (0..<3).map { "skip.\($0)" }
    try golden.check(
      inputs: golden.inputs(["sample", "temb"] + skipNames), outputs: ["output", "output.to_size"]
    ) { weights, x in
      let block = UpBlock2D(weights, in: below, out: outputs, skips: skipChannels, upsamples: true, level: level)
      return [(10, 14), (9, 13)].map { height, width in
        var skips = [x[0].upsampledNearest(height: height, width: width)] + x[2..<5]
        return block(x[0], time: x[1], context: x.last ?? x[0], skips: &skips)
      }
    }
  }

  @Test func wholeUNet() throws {
    let golden = try ModuleGolden("unet")
    var configuration = UNet2DConditionModel.Configuration()
    configuration.blockOutChannels = try #require(golden.config["block_out_channels"]?.array).compactMap(\.int)
    configuration.crossAttentionDim = try golden.int("cross_attention_dim")
    configuration.heads = [Int](repeating: try golden.int("attention_head_dim"), count: 4)
    configuration.normGroups = try golden.int("norm_num_groups")
    try golden.check(
      inputs: ["sample", "odd.sample", "timesteps", "context"], outputs: ["output", "output.odd"]
    ) { weights, x in
      let unet = UNet2DConditionModel(weights, configuration)
      return [unet(x[0], timestep: x[2], context: x[3]), unet(x[1], timestep: x[2], context: x[3])]
    }
  }

  @Test("Stable Diffusion XL's: a level without attention first, deeper ones after it, and an addition embedding")
  func wholeUNetXL() throws {
    let golden = try ModuleGolden("unet_xl")
    func numbers(_ key: String) throws -> [Int] { try #require(golden.config[key]?.array).compactMap(\.int) }
    var configuration = UNet2DConditionModel.Configuration()
    configuration.blockOutChannels = try numbers("block_out_channels")
    configuration.layersPerBlock = try golden.int("layers_per_block")
    // diffusers notes a depth for the level without attention, too.
    configuration.transformerDepth = try [0] + numbers("transformer_layers_per_block").dropFirst()
    configuration.midTransformerDepth = try #require(configuration.transformerDepth.last)
    configuration.heads = try numbers("attention_head_dim")
    configuration.crossAttentionDim = try golden.int("cross_attention_dim")
    configuration.normGroups = try golden.int("norm_num_groups")
    var addition = AdditionEmbedding()
    addition.textWidth = try golden.golden.tensor("input.text_embeds").shape.last
    addition.timeIDWidth = try golden.int("addition_time_embed_dim")
    configuration.additionEmbedding = addition
    try golden.check(inputs: ["sample", "timesteps", "context", "text_embeds", "time_ids"]) { weights, x in
      let unet = UNet2DConditionModel(weights, configuration)
      return [unet(x[0], timestep: x[1], context: x[2], addition: .init(text: x[3], timeIDs: x[4]))]
    }
  }
}

extension ModuleGolden {
  /// The level's settings; goldens without a context have no attention.
  fileprivate var level: UNetLevel {
    get throws {
      UNetLevel(
        time: try int("temb_channels"), context: config["cross_attention_dim"]?.int ?? 0,
        heads: config["num_attention_heads"]?.int ?? 1, transformerDepth: config["num_attention_heads"] == nil ? 0 : 1,
        groups: try int("resnet_groups"))
    }
  }

  /// The names, followed by the context where the golden has one.
  fileprivate func inputs(_ names: [String]) -> [String] {
    names + (golden.names.contains("input.context") ? ["context"] : [])
  }
}

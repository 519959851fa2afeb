import ImagineCPU
import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import ImagineTesting
import Testing

@testable import ImagineModels

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
        weights, in: inputs, out: outputs, depths: golden.depths(layers), downsamples: downsamples, level: level)
      var skips: [Tensor] = []
      let result = block(x[0], time: x[1], context: AttentionContext(x.last ?? x[0]), skips: &skips)
      return [result] + skips
    }
  }

  @Test func midBlock() throws {
    let golden = try ModuleGolden("mid_block_cross")
    let level = try golden.level
    let channels = try golden.int("in_channels")
    try golden.check(inputs: ["sample", "temb", "context"]) { weights, x in
      [
        UNetMidBlock2D(weights, channels: channels, depths: [1], level: level)(
          x[0], time: x[1], context: AttentionContext(x[2]))
      ]
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
      let block = UpBlock2D(
        weights, in: below, out: outputs, skips: skipChannels, depths: golden.depths(3), upsamples: true, level: level)
      return [(10, 14), (9, 13)].map { height, width in
        var skips = [x[0].upsampledNearest(height: height, width: width)] + x[2..<5]
        return block(x[0], time: x[1], context: AttentionContext(x.last ?? x[0]), skips: &skips)
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

  @Test(
    "Every family's UNet, its structure read off its weights and diffusers' configuration",
    arguments: [
      ("unet", []), ("unet_sd2", []), ("unet_inpainting", []), ("unet_lcm", ["timestep_cond"]),
      ("unet_xl", ["text_embeds", "time_ids"]), ("unet_refiner", ["text_embeds", "time_ids"]),
      ("unet_ssd", ["text_embeds", "time_ids"]), ("unet_without_middle", ["text_embeds", "time_ids"]),
    ] as [(String, [String])])
  func families(_ name: String, _ conditions: [String]) throws {
    let golden = try ModuleGolden(name)
    try SettingTable.unet.check(golden.config)
    // What the prompt's vector is as wide as, the text encoder shows.
    let pooled = conditions.contains("text_embeds") ? try golden.golden.tensor("input.text_embeds").shape.last : nil
    let layout = golden.layout(of: "unet", pooled.map { ["text_encoder_2.text_projection.weight": [$0, 7]] } ?? [:])
    let configuration = try UNet2DConditionModel.Configuration(layout, text: 1)
    try golden.check(inputs: ["sample", "timesteps", "context"] + conditions) { weights, x in
      let unet = UNet2DConditionModel(weights, configuration)
      return [
        unet(
          x[0], timestep: x[1], context: x[2], addition: pooled.map { _ in .init(text: x[3], timeIDs: x[4]) },
          guidance: configuration.guidanceWidth.map { _ in x[3] })
      ]
    }
  }

  @Test("A feature that was kept gives the whole network's answer, whichever skip it is joined to", arguments: 0..<4)
  func keptFeatures(_ branch: Int) throws {
    let golden = try ModuleGolden("unet")
    let configuration = try UNet2DConditionModel.Configuration(golden.layout(of: "unet"), text: 1)
    try golden.check(inputs: ["sample", "timesteps", "context"], outputs: ["output"]) { weights, x in
      let unet = UNet2DConditionModel(weights, configuration)
      var keeping = DenoiserAdditions()
      keeping.caching = .keeps(branch: branch)
      let time = unet.timeEmbedding(x[1], nil, nil)
      return [unet.results(x[0], time: time, context: x[2], keeping)[0]]
    }
    let graphs = try [DenoiserAdditions.Caching.keeps(branch: branch), .uses(branch: branch)].map { caching in
      let builder = GraphBuilder()
      let unet = UNet2DConditionModel(Weights(WeightInventory([:]), path: "unet"), configuration)
      var additions = DenoiserAdditions()
      additions.caching = caching
      let time = unet.timeEmbedding(builder.input("timestep", [2]), nil, nil)
      return try builder.finish(
        unet.results(
          builder.input("latents", [2, 8, 8, 4]), time: time,
          context: builder.input("context", [2, 7, configuration.crossAttentionDim]), additions))
    }
    var inputs = Dictionary(
      uniqueKeysWithValues: graphs[0].inputs.map { ($0.name, Distribution.normal().tensor($0.type, seed: $0.name)) })
    inputs["timestep"] = HostTensor([2], [500, 500] as [Float])
    let backend = try CPUBackend(threads: 2), source = RandomWeights(graphs[0].parameters)
    let weights = try backend.upload(source, for: graphs[0])
    let whole = try backend.plan(graphs[0], weights: weights).run(inputs)
    let short = try backend.plan(graphs[1], weights: weights)
    inputs = inputs.filter { name, _ in graphs[1].inputs.contains { $0.name == name } }
    inputs["cached"] = whole[1]
    #expect(try short.run(inputs)[0].mismatch(with: whole[0], Tolerance(.float32)) == nil)
    #expect(graphs[1].cost.flops < graphs[0].cost.flops)
    // Another feature is another picture: it is not computed again behind its back.
    inputs["cached"] = HostTensor(whole[1].shape, whole[1].floats.map { $0 + 1 })
    #expect(try short.run(inputs)[0].mismatch(with: whole[0], Tolerance(.float32)) != nil)
  }
}

extension ModuleGolden {
  /// The level's settings.
  fileprivate var level: UNetLevel {
    get throws {
      UNetLevel(
        time: try int("temb_channels"), context: config["cross_attention_dim"]?.int ?? 0,
        heads: config["num_attention_heads"]?.int ?? 1, groups: try int("resnet_groups"))
    }
  }

  /// Goldens without a context have no attention.
  fileprivate func depths(_ layers: Int) -> [Int] {
    [Int](repeating: config["num_attention_heads"] == nil ? 0 : 1, count: layers)
  }

  /// The names, followed by the context where the golden has one.
  fileprivate func inputs(_ names: [String]) -> [String] {
    names + (golden.names.contains("input.context") ? ["context"] : [])
  }
}

import ImagineCheckpoint
import ImagineGraph
import ImagineModels
import ImagineTesting
import Testing

/// Layers against diffusers; `Tests/References/modules_goldens.py` makes the goldens.
@Suite struct LayerTests {
  @Test(arguments: ["resnet_same", "resnet_shortcut", "resnet_time", "resnet_time_shortcut"])
  func resnetBlock(_ name: String) throws {
    let golden = try ModuleGolden(name)
    let time = golden.config["temb_channels"]?.int
    let (inputs, outputs) = (try golden.int("in_channels"), try golden.int("out_channels"))
    let groups = try golden.int("groups")
    let epsilon = Float(try #require(golden.config["eps"]?.double))
    try golden.check(inputs: time == nil ? ["sample"] : ["sample", "temb"]) { weights, x in
      let block = ResnetBlock2D(weights, in: inputs, out: outputs, time: time, groups: groups, epsilon: epsilon)
      return [block(x[0], time: x.count > 1 ? x[1] : nil)]
    }
  }

  @Test(arguments: [nil, 1, 5, 1000]) func selfAttention(_ queriesAtOnce: Int?) throws {
    let golden = try ModuleGolden("attention_self")
    let (channels, heads) = (try golden.int("query_dim"), try golden.int("heads"))
    try golden.check(inputs: ["sample"]) { weights, x in
      let attention = Attention(weights, channels: channels, context: channels, heads: heads)
      return [attention(x[0], queriesAtOnce: queriesAtOnce)]
    }
  }

  @Test func crossAttention() throws {
    let golden = try ModuleGolden("attention_cross")
    let (channels, heads) = (try golden.int("query_dim"), try golden.int("heads"))
    let context = try golden.int("cross_attention_dim")
    try golden.check(inputs: ["sample", "context"]) { weights, x in
      [Attention(weights, channels: channels, context: context, heads: heads)(x[0], context: x[1])]
    }
  }

  @Test func vaeAttention() throws {
    let golden = try ModuleGolden("attention_vae")
    let (channels, groups) = (try golden.int("query_dim"), try golden.int("norm_num_groups"))
    try golden.check(inputs: ["sample"]) { weights, x in
      [VAEAttention(weights, channels: channels, groups: groups)(x[0])]
    }
  }

  @Test func downsampleOfUNet() throws {
    let golden = try ModuleGolden("downsample_unet")
    let channels = try golden.int("channels")
    try golden.check(inputs: ["sample"]) { weights, x in [Downsample2D(weights, channels: channels)(x[0])] }
  }

  @Test func downsampleOfAutoencoder() throws {
    let golden = try ModuleGolden("downsample_vae")
    let channels = try golden.int("channels")
    let padding = Convolution.Padding(top: 0, left: 0, bottom: 1, right: 1)
    try golden.check(inputs: ["sample"]) { weights, x in
      [Downsample2D(weights, channels: channels, padding: padding)(x[0])]
    }
  }

  @Test func upsample() throws {
    let golden = try ModuleGolden("upsample")
    let channels = try golden.int("channels")
    try golden.check(inputs: ["sample"], outputs: ["output", "output.to_size"]) { weights, x in
      let layer = Upsample2D(weights, channels: channels)
      return [layer(x[0], height: 6, width: 10), layer(x[0], height: 5, width: 9)]
    }
  }

  @Test func timeEmbedding() throws {
    let golden = try ModuleGolden("time_embedding")
    let (inputs, outputs) = (try golden.int("num_channels"), try golden.int("time_embed_dim"))
    try golden.check(inputs: ["timesteps"], outputs: ["output", "output.sinusoid"]) { weights, x in
      let embedding = TimestepEmbedding(weights["time_embedding"], in: inputs, out: outputs)
      return [embedding(x[0]), x[0].timestepEmbedding(width: inputs)]
    }
  }

  @Test(arguments: ["transformer", "transformer_linear"])
  func transformer(_ name: String) throws {
    let golden = try ModuleGolden(name)
    let (channels, heads) = (try golden.int("in_channels"), try golden.int("num_attention_heads"))
    let (context, depth) = (try golden.int("cross_attention_dim"), try golden.int("num_layers"))
    let groups = try golden.int("norm_num_groups")
    try golden.check(inputs: ["sample", "context"]) { weights, x in
      let model = Transformer2DModel(
        weights, channels: channels, context: context, heads: heads, depth: depth, groups: groups)
      return [model(x[0], context: AttentionContext(x[1]))]
    }
  }
}

import ImagineCheckpoint
import ImagineGraph
import Testing

@testable import ImagineModels

/// The structures of published models: as many parameters as they have, and read again off nothing but their shapes.
@Suite struct StructureTests {
  private typealias UNet = UNet2DConditionModel.Configuration
  private typealias Text = CLIPTextModel.Configuration

  private static func shapes(_ build: (Weights) -> Void, path: String) -> [String: Shape] {
    let inventory = WeightInventory([:])
    build(Weights(inventory, path: path))
    return inventory.requested
  }

  private static func shapes(_ configuration: UNet) -> [String: Shape] {
    shapes({ _ = UNet2DConditionModel($0, configuration) }, path: "unet")
  }

  private static func shapes(_ configuration: Text) -> [String: Shape] {
    shapes({ _ = CLIPTextModel($0, configuration) }, path: "text_encoder.text_model")
  }

  private static func parameters(_ shapes: [String: Shape]) -> Int { shapes.values.reduce(0) { $0 + $1.count } }

  @Test(
    "UNets",
    arguments: [
      (UNet.stableDiffusion1, 686, 859_520_964), (.stableDiffusion1Inpainting, 686, 859_535_364),
      (.stableDiffusion2, 686, 865_910_724), (.stableDiffusionXL, 1680, 2_567_463_684),
      (.stableDiffusionXLRefiner, 1220, 2_259_526_660), (.ssd1B, 944, 1_331_334_404),
    ] as [(UNet2DConditionModel.Configuration, Int, Int)])
  func unets(_ configuration: UNet2DConditionModel.Configuration, _ tensors: Int, _ parameters: Int) throws {
    var shapes = Self.shapes(configuration)
    #expect(shapes.count == tensors)
    #expect(Self.parameters(shapes) == parameters)

    // The rank of a transformer's way in tells Stable Diffusion 1.x from later ones.
    if configuration.heads == [8, 8, 8, 8] {
      for (path, shape) in shapes where path.hasSuffix("proj_in.weight") || path.hasSuffix("proj_out.weight") {
        shapes[path] = Shape(shape.dimensions + [1, 1])
      }
    }
    #expect(try UNet(CheckpointLayout(shapes: shapes, configurations: [:]), text: 1) == configuration)
  }

  @Test(
    "Text encoders",
    arguments: [
      (Text.clipL, nil, 123_060_480), (.clipL, 768, 123_650_304), (.openCLIPH, nil, 352_984_064),
      (.openCLIPbigG, 1280, 694_659_840),
    ] as [(CLIPTextModel.Configuration, Int?, Int)])
  func textEncoders(_ configuration: CLIPTextModel.Configuration, _ projection: Int?, _ parameters: Int) {
    var configuration = configuration
    configuration.projectionWidth = projection
    #expect(Self.parameters(Self.shapes(configuration)) == parameters)
  }

  @Test(arguments: [AutoencoderKL.Configuration.stableDiffusion1, .stableDiffusionXL])
  func autoencoders(_ configuration: AutoencoderKL.Configuration) throws {
    let shapes = Self.shapes({ _ = AutoencoderKL($0, configuration) }, path: "vae")
    #expect(shapes.count == 248 && Self.parameters(shapes) == 83_653_863)
    let layout = CheckpointLayout(shapes: shapes, configurations: [:])
    #expect(try AutoencoderKL.Configuration(layout, scalingFactor: configuration.scalingFactor) == configuration)
  }

  // MARK: Heads, which no shape shows

  private func heads(_ change: (inout [String: Shape]) -> Void, unet: String = "{}", training: String = "{}") throws
    -> [Int]
  {
    var shapes = Self.shapes(.stableDiffusion2)
    change(&shapes)
    let notes = ["unet": try JSONValue(parsing: unet), "training": try JSONValue(parsing: training)]
    return try UNet(CheckpointLayout(shapes: shapes, configurations: notes), text: 1).heads
  }

  @Test(
    "Linear projections mean heads of 64 channels, convolutions or a context of 768 eight heads, notes outweigh both")
  func headsOfAttention() throws {
    #expect(try heads { _ in } == [5, 10, 20, 20])
    #expect(
      try heads { shapes in
        for (path, shape) in shapes where path.hasSuffix("proj_in.weight") {
          shapes[path] = Shape(shape.dimensions + [1, 1])
        }
      } == [8, 8, 8, 8])
    #expect(
      try heads { shapes in
        for (path, shape) in shapes where path.hasSuffix("attn2.to_k.weight") { shapes[path] = [shape[0], 768] }
      } == [8, 8, 8, 8])
    #expect(try heads({ _ in }, unet: #"{"attention_head_dim":[5,10,10,20]}"#) == [5, 10, 10, 20])
    #expect(try heads({ _ in }, unet: #"{"attention_head_dim":null,"num_attention_heads":4}"#) == [4, 4, 4, 4])
    // What diffusers draws with where its configuration is silent.
    #expect(try heads({ _ in }, unet: #"{"_class_name":"UNet2DConditionModel"}"#) == [8, 8, 8, 8])
    func original(_ settings: String) -> String {
      "{\"model\":{\"params\":{\"unet_config\":{\"params\":{\(settings)}}}}}"
    }
    #expect(try heads({ _ in }, training: original(#""num_head_channels":32,"num_heads":-1"#)) == [10, 20, 40, 40])
    #expect(try heads({ _ in }, training: original(#""num_head_channels":-1,"num_heads":4"#)) == [4, 4, 4, 4])
    #expect(throws: ModelError.self) { try heads({ _ in }, training: original(#""num_head_channels":"64""#)) }
  }

  // MARK: What a UNet is told beside the time

  @Test(
    "How many numbers describe the picture follows from the prompt's vector",
    arguments: [
      (2816, 1280, 6), (2560, 1280, 5), (2304, 768, 6), (1536, 1280, nil), (2048, 1280, nil), (2817, 1280, nil),
    ]
      as [(Int, Int, Int?)])
  func numbersAboutThePicture(_ inputs: Int, _ pooled: Int, _ expected: Int?) throws {
    var shapes = Self.shapes(UNet.stableDiffusionXL)
    shapes["unet.add_embedding.linear_1.weight"] = [1280, inputs]
    if pooled != 1280 { shapes["text_encoder_2.text_projection.weight"] = [pooled, 1280] }
    let layout = CheckpointLayout(shapes: shapes, configurations: [:])
    guard let expected else {
      let error = #expect(throws: ModelError.self) { try UNet(layout, text: 1) }
      #expect(error?.description.contains("\(inputs) numbers") == true)
      return
    }
    let addition = try UNet(layout, text: 1).additionEmbedding
    #expect(addition?.timeIDs == expected && addition?.textWidth == pooled)
  }

  @Test("What a network must have, by its other weights or its configuration, is missing and not left out")
  func whatIsMissingIsNamed() throws {
    func missing(_ known: UNet, _ notes: String = "{}", without gone: String...) throws -> [String] {
      let shapes = Self.shapes(known).filter { path, _ in !gone.contains { path.hasPrefix($0) } }
      let layout = CheckpointLayout(shapes: shapes, configurations: ["unet": try JSONValue(parsing: notes)])
      let configuration = try UNet(layout, text: 768), inventory = WeightInventory(shapes)
      _ = UNet2DConditionModel(Weights(inventory, path: "unet"), configuration)
      return inventory.report.missing
    }
    #expect(try missing(.stableDiffusion1).isEmpty)
    let transformer = 26
    #expect(try missing(.stableDiffusion1, without: "unet.mid_block.attentions.0.").count == transformer)
    #expect(try missing(.stableDiffusion1, without: "unet.up_blocks.2.attentions.1.").count == transformer)
    // Without a note it is a smaller model, as there are some.
    #expect(try missing(.stableDiffusion1, without: "unet.mid_block.").isEmpty)
    let middle = #"{"mid_block_type":"UNetMidBlock2DCrossAttn"}"#
    #expect(try missing(.stableDiffusion1, middle, without: "unet.mid_block.").count == transformer + 2 * 10)
    #expect(try missing(.ssd1B, #"{"mid_block_type":"UNetMidBlock2D"}"#, without: "unet.mid_block.").count == 10)
    #expect(try missing(.ssd1B, #"{"mid_block_type":null}"#, without: "unet.mid_block.").isEmpty)
    #expect(try missing(.stableDiffusion1, #"{"addition_embed_type":"text_time"}"#).count == 4)
    #expect(try missing(.stableDiffusion1, #"{"time_cond_proj_dim":256}"#).count == 1)
  }

  @Test func aWayUpThatDoesNotFitTheWayDown() {
    var shapes = Self.shapes(UNet.stableDiffusion1)
    for path in shapes.keys where path.hasPrefix("unet.up_blocks.1.resnets.2.") { shapes[path] = nil }
    let error = #expect(throws: ModelError.self) {
      try UNet(CheckpointLayout(shapes: shapes, configurations: [:]), text: 1)
    }
    #expect(error?.description.contains("2 layers on the way down, and 2 on the way up") == true)
  }
}

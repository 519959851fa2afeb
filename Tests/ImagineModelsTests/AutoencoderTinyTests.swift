import ImagineCheckpoint
import ImagineGraph
import ImagineTesting
import Testing

@testable import ImagineModels

/// The small autoencoder against diffusers; `Tests/References/modules_goldens.py` makes the golden.
@Suite struct AutoencoderTinyTests {
  @Test("Both ways, the structure read off the weights")
  func bothWays() throws {
    let golden = try ModuleGolden("vae_tiny")
    try SettingTable.tinyAutoencoder.check(golden.config)
    let layout = golden.layout(of: "vae")
    #expect(AutoencoderTiny.Configuration.describes(layout))
    let configuration = try AutoencoderTiny.Configuration(layout)
    #expect(configuration.encoderBlocks == [1, 2, 1] && configuration.decoderBlocks == [2, 1, 1])
    #expect(configuration.width == 8 && configuration.reduction == 4)
    try golden.check(inputs: ["latent", "image"], outputs: ["output", "output.encoded"]) { weights, x in
      let vae = AutoencoderTiny(weights, configuration)
      return [vae.decode(x[0]), vae.encode(x[1])]
    }
  }

  private func shapes(_ configuration: AutoencoderTiny.Configuration) -> [String: Shape] {
    let inventory = WeightInventory([:])
    _ = AutoencoderTiny(Weights(inventory, path: "vae"), configuration)
    return inventory.requested
  }

  private func read(_ shapes: [String: Shape]) throws -> AutoencoderTiny.Configuration {
    try AutoencoderTiny.Configuration(CheckpointLayout(shapes: shapes, configurations: [:]))
  }

  @Test("As many parameters as TAESD has, with 4 and with 16 channels", arguments: [(4, 2_445_063), (16, 2_458_899)])
  func published(_ channels: Int, _ parameters: Int) throws {
    var configuration = AutoencoderTiny.Configuration()
    configuration.latentChannels = channels
    let shapes = shapes(configuration)
    #expect(shapes.count == 134 && shapes.values.reduce(0) { $0 + $1.count } == parameters)
    #expect(try read(shapes) == configuration)
  }

  @Test func withoutEncoder() throws {
    let decoder = shapes(.init()).filter { $0.key.hasPrefix("vae.decoder.") }
    let configuration = try read(decoder)
    #expect(!configuration.hasEncoder)
    #expect(shapes(configuration) == decoder)
    let builder = GraphBuilder()
    let vae = AutoencoderTiny(Weights(WeightInventory([:]), path: "vae"), configuration)
    let encoded = vae.encode(builder.input("x", [1, 8, 8, 3]))
    #expect(throws: GraphError.self) { try builder.finish([encoded]) }
  }

  @Test("Layers without end, and ways that do not fit each other, are no autoencoder")
  func strangeLayers() {
    var endless = shapes(.init()), short = endless
    for layer in 0..<10_000 { endless["vae.decoder.layers.\(layer).weight"] = [64, 64, 3, 3] }
    #expect(throws: ModelError.self) { try read(endless) }
    #expect(throws: ModelError.self) { try read(["vae.decoder.layers.0.weight": []]) }
    for layer in 11...14 {
      for (path, _) in short where path.hasPrefix("vae.encoder.layers.\(layer).") { short[path] = nil }
    }
    let error = #expect(throws: ModelError.self) { try read(short) }
    #expect(error?.description.contains("halves pictures") == true)
  }
}

import ImagineCheckpoint
import ImagineGraph
import ImagineModels
import ImagineTesting
import Testing

/// The text encoder against transformers; `Tests/References/modules_goldens.py` makes the goldens.
@Suite struct CLIPTextModelTests {
  @Test(arguments: [("clip_quick_gelu", Activation.quickGELU), ("clip_gelu", .gelu)])
  func lastHiddenState(_ name: String, _ activation: Activation) throws {
    let golden = try ModuleGolden(name)
    var configuration = CLIPTextModel.Configuration()
    configuration.vocabularySize = try golden.int("vocab_size")
    configuration.hiddenSize = try golden.int("hidden_size")
    configuration.intermediateSize = try golden.int("intermediate_size")
    configuration.layers = try golden.int("num_hidden_layers")
    configuration.heads = try golden.int("num_attention_heads")
    configuration.activation = activation
    try golden.check(inputs: ["tokens"]) { weights, x in [CLIPTextModel(weights, configuration)(x[0])] }
  }
}

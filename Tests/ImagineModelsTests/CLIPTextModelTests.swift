import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import ImagineTesting
import Testing

@testable import ImagineModels

/// The text encoder against transformers; `Tests/References/modules_goldens.py` makes the goldens.
@Suite struct CLIPTextModelTests {
  private static let outputs = ["output", "output.penultimate", "output.penultimate_normed", "output.pooled"]

  @Test("Last and penultimate, normalised and not, and pooled", arguments: ["clip_quick_gelu", "clip_gelu"])
  func textModel(_ name: String) throws {
    let golden = try ModuleGolden(name)
    // transformers 5 saves these without the name of the inner model.
    let configuration = try golden.textEncoder
    #expect(configuration.projectionWidth == nil)
    try golden.check(inputs: ["tokens", "pooling"], outputs: Self.outputs) { weights, x in
      CLIPTextModel(weights, configuration).everyOutput(x)
    }
  }

  @Test("The prompt as a vector is projected where the model has a projection")
  func projection() throws {
    let golden = try ModuleGolden("clip_projection")
    let configuration = try golden.textEncoder
    #expect(configuration.projectionWidth == 20)
    try golden.check(inputs: ["tokens", "pooling"], outputs: Self.outputs) { weights, x in
      CLIPTextModel(weights["text_model"], configuration).everyOutput(x)
    }
  }

  @Test(
    "The pooled vector is the last layer's of the ending token, to the bit", arguments: [Precision.float32, .bfloat16])
  func poolingIsExact(_ precision: Precision) throws {
    let golden = try ModuleGolden("clip_quick_gelu")
    let builder = GraphBuilder(precision: precision)
    let model = CLIPTextModel(Weights(WeightInventory(golden.golden.shapes), path: "weight"), try golden.textEncoder)
    let inputs = [
      "tokens": try golden.golden.tensor("input.tokens"), "pooling": try golden.golden.tensor("input.pooling"),
    ]
    let result = model(
      builder.input("tokens", [2, 77], .int32), .init(isPooled: true), pooling: builder.input("pooling", [2, 1, 77]))
    let graph = try builder.finish([result.hidden, try #require(result.pooled)])
    let ends = try #require(inputs["pooling"]).floats.indices.filter { inputs["pooling"]?.floats[$0] == 1 }
    #expect(ends == [5, 77 + 76])
    for backend in try ModuleGolden.backends() {
      let results = try backend.plan(graph, weights: backend.upload(golden.golden, for: graph)).run(inputs)
      let rows = ends.flatMap { results[0].floats[$0 * 32..<($0 + 1) * 32] }
      #expect(results[1].floats == rows, "\(type(of: backend))")
    }
  }

  @Test("Layers behind what is asked for are not computed, and their weights are asked for all the same")
  func layersBehind() throws {
    var configuration = CLIPTextModel.Configuration()
    (configuration.layers, configuration.projectionWidth) = (3, 8)
    let inventory = WeightInventory([:])
    let model = CLIPTextModel(Weights(inventory, path: "text_encoder.text_model"), configuration)
    #expect(inventory.requested.keys.contains("text_encoder.text_model.encoder.layers.2.mlp.fc2.weight"))
    #expect(inventory.requested["text_encoder.text_projection.weight"] == [8, 768])
    for skipped in 0...3 {
      let builder = GraphBuilder()
      let result = model(builder.input("ids", [1, 77], .int32), .init(skippedLayers: skipped, isNormalised: false))
      #expect(result.pooled == nil)
      let read = try builder.finish([result.hidden]).nodes.filter { $0.scope.hasSuffix("mlp.fc2") }
      #expect(Set(read.map(\.scope)).count == 3 - skipped)
    }
  }

  @Test("More layers than there are cannot be left out, and without its place the prompt's end is not found")
  func outputsThatDoNotFit() {
    for output in [CLIPTextModel.Output(skippedLayers: 13), .init(skippedLayers: -1), .init(isPooled: true)] {
      let builder = GraphBuilder(), model = CLIPTextModel(Weights(WeightInventory([:]), path: "t"), .clipL)
      let result = model(builder.input("ids", [1, 77], .int32), output)
      #expect(throws: GraphError.self) { try builder.finish([result.hidden]) }
    }
  }

  // MARK: Structures

  private func read(
    _ configuration: CLIPTextModel.Configuration, as component: String = "text_encoder", _ notes: String = "{}"
  ) throws -> CLIPTextModel.Configuration {
    let shapes = configuration.shapes(of: component)
    return try CLIPTextModel.Configuration(
      CheckpointLayout(shapes: shapes, configurations: [component: JSONValue(parsing: notes)]), component: component)
  }

  @Test("Without a note, OpenAI's encoders have their own gelu, and heads are of 64 channels")
  func publishedEncoders() throws {
    for known in [CLIPTextModel.Configuration.clipL, .openCLIPH, .openCLIPbigG] {
      for component in ["text_encoder", "text_encoder_2"] { #expect(try read(known, as: component) == known) }
    }
  }

  @Test("Notes of the component itself are honoured")
  func notes() throws {
    let notes = #"{"hidden_act":"gelu","num_attention_heads":4}"#
    let noted = try read(.clipL, as: "text_encoder_2", notes)
    #expect(noted.activation == .gelu && noted.heads == 4)
    let refusal = #expect(throws: ModelError.self) {
      try read(.clipL, as: "text_encoder_2", #"{"hidden_act":"relu6"}"#)
    }
    #expect(refusal?.description.contains("text_encoder_2.hidden_act") == true)
  }

  @Test("Tokens of textual inversions may stand behind CLIP's own; fewer tokens than CLIP's are another language")
  func tokens() throws {
    var configuration = CLIPTextModel.Configuration.clipL
    configuration.vocabularySize += 3
    #expect(try read(configuration).vocabularySize == 49411)
    configuration.vocabularySize = 49407
    #expect(throws: ModelError.self) { try read(configuration) }
  }
}

extension CLIPTextModel.Configuration {
  fileprivate func shapes(of component: String) -> [String: Shape] {
    let inventory = WeightInventory([:])
    _ = CLIPTextModel(Weights(inventory, path: "\(component).text_model"), self)
    return inventory.requested
  }
}

extension CLIPTextModel {
  fileprivate func everyOutput(_ x: [Tensor]) -> [Tensor] {
    let last = self(x[0], .init(isPooled: true), pooling: x[1])
    let penultimate = self(x[0], .init(skippedLayers: 1, isNormalised: false, isPooled: true), pooling: x[1])
    let normalised = self(x[0], .init(skippedLayers: 1))
    return [last.hidden, penultimate.hidden, normalised.hidden, penultimate.pooled ?? x[0]]
  }
}

extension ModuleGolden {
  /// The structure, read off the weights and transformers' configuration; the golden's vocabulary is too small for a model.
  fileprivate var textEncoder: CLIPTextModel.Configuration {
    get throws {
      let isWhole = golden.shapes.keys.contains { $0.contains("text_model") }
      var shapes = layout(of: isWhole ? "text_encoder" : "text_encoder.text_model").shapes
      let table = "text_encoder.text_model.embeddings.token_embedding.weight"
      shapes[table] = shapes[table].map { [49408, $0[1]] }
      var configuration = try CLIPTextModel.Configuration(
        CheckpointLayout(shapes: shapes, configurations: ["text_encoder": config]))
      configuration.vocabularySize = try int("vocab_size")
      return configuration
    }
  }
}

import Foundation
import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import ImagineModels
import ImagineTesting
import Testing

/// Upscalers against spandrel's, from files under the names that each dialect has.
struct UpscalerTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String, architecture: String, scale: Int
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(name: "esrgan_x4", architecture: "ESRGAN", scale: 4),
    Case(name: "esrgan_x4_intermediate", architecture: "ESRGAN", scale: 4),
    Case(name: "esrgan_x4_old", architecture: "ESRGAN", scale: 4),
    Case(name: "esrgan_x8_old", architecture: "ESRGAN", scale: 8),
    Case(name: "esrgan_x2_old", architecture: "ESRGAN", scale: 2),
    Case(name: "esrgan_x1_old_grey", architecture: "ESRGAN", scale: 1),
    Case(name: "esrgan_x2_unshuffled", architecture: "Real-ESRGAN", scale: 2),
    Case(name: "esrgan_x1_unshuffled", architecture: "Real-ESRGAN", scale: 1),
    Case(name: "esrgan_plus", architecture: "ESRGAN+", scale: 4),
    Case(name: "compact_x4", architecture: "Real-ESRGAN Compact", scale: 4),
    Case(name: "compact_x2", architecture: "Real-ESRGAN Compact", scale: 2),
    Case(name: "compact_x1_grey", architecture: "Real-ESRGAN Compact", scale: 1),
    Case(name: "swinir_x2_lightweight", architecture: "SwinIR", scale: 2),
    Case(name: "swinir_x3", architecture: "SwinIR", scale: 3),
    Case(name: "swinir_x4", architecture: "SwinIR", scale: 4),
    Case(name: "swinir_x4_real", architecture: "SwinIR", scale: 4),
    Case(name: "swinir_jpeg_grey", architecture: "SwinIR", scale: 1),
  ]

  @Test(arguments: cases)
  func networkAgreesWithTheOriginal(_ expected: Case) throws {
    let golden = try Golden("upscalers/\(expected.name)")
    try withFile(of: golden) { url in try check(UpscalerFile(url), golden, expected) }
  }

  /// Behind the roots that trainers and wrappers leave, the same weights are found.
  @Test(arguments: ["params_ema.", "params.module.", "state_dict.", "model.", "module."])
  func rootsLeadToTheSameWeights(_ root: String) throws {
    let golden = try Golden("upscalers/esrgan_x4")
    try withFile(of: golden, root: root, others: root == "params_ema." ? ["params.": "conv_first.weight"] : [:]) {
      url in
      try check(UpscalerFile(url), golden, Self.cases[0])
    }
  }

  /// Averaged weights count, not those beside them, which are zeros here.
  @Test func pickleOfATrainerIsRead() throws {
    let file = try UpscalerFile(Golden.url("upscalers/compact_x2.pth"))
    try check(file, Golden("upscalers/compact_x2"), Self.cases[10])
  }

  private func check(
    _ file: UpscalerFile, _ golden: Golden, _ expected: Case, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let model = try UpscalerNetwork(file.tensors.mapValues { Shape($0.shape) }, file: "'\(expected.name)'")
    try model.requireComplete(file: "'\(expected.name)'")
    #expect(model.architecture == expected.architecture, sourceLocation: sourceLocation)
    #expect(model.scale == expected.scale, sourceLocation: sourceLocation)
    let input = try golden.tensor("input"), output = try golden.tensor("output")
    let builder = GraphBuilder()
    let graph = try builder.finish([model.trace(height: input.shape[1], width: input.shape[2], builder)])
    var inputs = model.steadyInputs(height: input.shape[1], width: input.shape[2])
    inputs[UpscalerNetwork.input] = input
    for backend in try ModuleGolden.backends() {
      let weights = try backend.upload(ScaledWeights(file, factors: model.factors), for: graph)
      let result = try #require(backend.plan(graph, weights: weights).run(inputs).first)
      #expect(result.shape == output.shape, sourceLocation: sourceLocation)
      let distance = Comparison(result.floats, output.floats).relativeL2
      #expect(distance < 1e-5, "\(expected.name) on \(type(of: backend))", sourceLocation: sourceLocation)
    }
  }

  /// Writes a golden's weights as the file that they are from.
  ///
  /// - Parameters:
  ///   - root: put before every name.
  ///   - others: names that are there a second time, of zeros, behind another root.
  private func withFile(
    of golden: Golden, root: String = "", others: [String: String] = [:], _ body: (URL) throws -> Void
  ) throws {
    var tensors = try golden.names.filter { $0.hasPrefix("weight.") }.map { name in
      SafetensorsWriter.Tensor(
        name: root + name.dropFirst("weight.".count), shape: golden.shapes[name]?.dimensions ?? [],
        values: .float32(try golden.floats(name)))
    }
    for (root, name) in others {
      let shape = golden.shapes["weight.\(name)"] ?? []
      tensors.append(
        .init(
          name: root + name, shape: shape.dimensions, values: .float32([Float](repeating: 0, count: shape.count))))
    }
    let url = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try SafetensorsWriter.write(tensors, to: url)
    try body(url)
  }
}

/// What an upscaler is told from, and what is said of those that are none.
struct UpscalerRecognitionTests {
  private func shapes(_ name: String) throws -> [String: Shape] {
    let golden = try Golden("upscalers/\(name)")
    return Dictionary(
      uniqueKeysWithValues: golden.shapes.compactMap { path, shape in
        path.hasPrefix("weight.") ? ("upscaler." + path.dropFirst("weight.".count), shape) : nil
      })
  }

  private func complaint(_ shapes: [String: Shape]) -> String? {
    do {
      try UpscalerNetwork(shapes, file: "'x.pth'").requireComplete(file: "'x.pth'")
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func missingWeightsAreNamed() throws {
    var shapes = try shapes("esrgan_x4")
    shapes["upscaler.body.0.rdb2.conv3.bias"] = nil
    shapes["upscaler.conv_hr.weight"] = [5, 5, 1, 3]
    let message = try #require(complaint(shapes))
    #expect(message.contains("2 weights do not fit"))
    #expect(message.contains("upscaler.body.0.rdb2.conv3.bias [3] is missing"))
    #expect(message.contains("upscaler.conv_hr.weight: expected [5, 5, 3, 3], found [5, 5, 1, 3]"))
  }

  @Test func weightsWithoutAPlaceAreNamed() throws {
    var shapes = try shapes("esrgan_x4")
    shapes["upscaler.body.0.rdb1.noise.weight"] = [3]
    #expect(try #require(complaint(shapes)).contains("'upscaler.body.0.rdb1.noise.weight'"))
    shapes = try self.shapes("swinir_x4")
    shapes["upscaler.absolute_pos_embed"] = [1, 256, 12]
    #expect(try #require(complaint(shapes)).contains("'upscaler.absolute_pos_embed'"))
  }

  @Test(arguments: [
    (
      "HAT",
      [
        "conv_first.weight", "layers.0.residual_group.overlap_attn.qkv.weight",
        "layers.0.residual_group.blocks.0.mlp.fc1.weight",
      ]
    ),
    ("DAT", ["conv_first.weight", "before_RG.1.weight", "layers.0.blocks.0.ffn.sg.conv.weight"]),
    ("SPAN", ["conv_1.sk.weight", "block_1.c1_r.sk.weight"]),
    ("OmniSR", ["input.weight", "residual_layer.0.residual_layer.0.layer.0.fn.0.weight"]),
    ("RealPLKSR", ["feats.0.weight", "feats.1.lk.conv.weight"]),
    (
      "Swin2SR",
      [
        "conv_first.weight", "layers.0.residual_group.blocks.0.attn.logit_scale",
        "layers.0.residual_group.blocks.0.mlp.fc1.weight",
      ]
    ),
  ])
  func otherNetworksAreRefusedByName(_ network: String, _ names: [String]) throws {
    let shapes = Dictionary(uniqueKeysWithValues: names.map { ("upscaler.\($0)", Shape([4, 4])) })
    #expect(try #require(complaint(shapes)).contains("of the network \(network), which this version does not run"))
  }

  @Test func otherFilesAreNoUpscalers() throws {
    #expect(
      complaint(["upscaler.unet.conv_in.weight": [4, 4, 3, 3]])?.contains("is no upscaler that this version knows")
        == true)
    #expect(complaint([:])?.contains("is no upscaler that this version knows") == true)
  }

  /// Numbers of a hostile file end in a sentence, not in a trap or in all memory.
  @Test(
    arguments: [
      ("conv_first.weight", [1 << 40, 3, 3, 3]), ("conv_first.weight", [5, 7, 3, 3]), ("conv_first.weight", []),
      ("conv_last.weight", [0, 5, 3, 3]), ("conv_last.weight", [2, 5, 3, 3]), ("body.0.rdb1.conv1.weight", [0]),
      ("body.0.rdb1.conv1.weight", [1 << 62]),
    ] as [(String, [Int])])
  func impossibleNumbersOfESRGANAreRefused(_ path: String, _ shape: [Int]) throws {
    var shapes = try shapes("esrgan_x4")
    shapes["upscaler.\(path)"] = Shape(shape)
    #expect(complaint(shapes) != nil)
  }

  @Test(
    arguments: [
      ("layers.0.residual_group.blocks.0.attn.relative_position_bias_table", [50, 2]),
      ("layers.0.residual_group.blocks.0.attn.relative_position_bias_table", [49, 5]),
      ("layers.0.residual_group.blocks.0.attn.relative_position_bias_table", []),
      ("upsample.0.weight", [25, 6, 3, 3]), ("conv_first.weight", [0, 3, 3, 3]), ("conv_first.weight", [12, 2, 3, 3]),
    ] as [(String, [Int])])
  func impossibleNumbersOfSwinIRAreRefused(_ path: String, _ shape: [Int]) throws {
    var shapes = try shapes("swinir_x4")
    shapes["upscaler.\(path)"] = Shape(shape)
    #expect(complaint(shapes) != nil)
  }

  @Test(
    arguments: [("body.8.weight", [47, 6, 3, 3]), ("body.0.weight", [6, 2, 3, 3]), ("body.9.weight", [6])]
      as [(String, [Int])])
  func impossibleNumbersOfCompactAreRefused(_ path: String, _ shape: [Int]) throws {
    var shapes = try shapes("compact_x4")
    shapes["upscaler.\(path)"] = Shape(shape)
    #expect(complaint(shapes) != nil)
  }
}

import Foundation
import ImagineCPU
import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import ImagineReference
import ImagineTesting
import Testing

@testable import ImagineModels

/// Networks beside a model against diffusers and transformers, in every layout that they are published in;
/// `Tests/References/control_goldens.py` makes the goldens.
@Suite struct PartNetworkTests {
  @Test(
    "A ControlNet tells the UNet what diffusers' does",
    arguments: ["controlnet_sd1", "controlnet_sd2", "controlnet_sdxl", "controlnet_sdxl_mid", "controlnet_sdxl_small"],
    PartModel.Layout.allCases)
  func controlNet(_ name: String, _ layout: PartModel.Layout) throws {
    let part = try PartModel(name)
    for prefix in layout == .original ? ["", "control_model."] : [""] {
      try withPart(part, layout, name: name, prefix: prefix) { checkpoint in
        #expect(checkpoint.unrecognised == [])
        let base = try FamilyBase(part.family)
        let configuration = try ControlNetModel.Configuration(
          checkpoint.shapes, own: checkpoint.configuration, name: name, base: base.base)
        let network = try check(name, checkpoint, height: 6, width: 10) { weights in
          .controlNet(ControlNetModel(weights, configuration))
        } inputs: { golden in
          var inputs = try golden.inputs()
          if !configuration.readsPrompt { inputs["context"] = nil }
          for index in 0...configuration.skipCount {
            inputs["scale.\(index)"] = HostTensor([2, 1, 1, 1], [Float](repeating: 1, count: 2))
          }
          return inputs
        }
        try base.base.requireFit(network, configuration, name: name)
      }
    }
  }

  @Test(
    "A ControlNet as a difference to the model, or as factors of one, is the same network",
    arguments: [ControlNetWeights.Form.difference, .lora])
  func derivedWeights(_ form: ControlNetWeights.Form) throws {
    let name = "controlnet_sd1", part = try PartModel(name), base = try FamilyBase("sd1")
    var tensors: [SafetensorsWriter.Tensor] = [
      .init(name: form == .lora ? "lora_controlnet" : "difference", shape: [1], values: .float32([0]))
    ]
    for row in part.rows {
      let values = try part.floats(row), twin = "unet." + row.path.dropFirst("controlnet.".count)
      let stem = "\(form == .difference ? "control_model." : "")\(row.name)"
      guard let shape = base.base.parameters[twin] else {
        tensors.append(.init(name: stem, shape: row.shape, values: .float32(values)))
        continue
      }
      let own = try FamilyModel.values(.init(path: twin, shape: shape.dimensions))
      let difference = zip(values, own).map { $0 - $1 }
      if form == .difference {
        tensors.append(.init(name: stem, shape: row.shape, values: .float32(difference)))
      } else if row.shape.count == 1 {
        tensors.append(.init(name: stem, shape: row.shape, values: .float32(values)))
      } else {
        // The first factor is the identity.
        let rows = row.shape[0], identity = (0..<rows * rows).map { Float($0 % (rows + 1) == 0 ? 1 : 0) }
        let layer = stem.dropLast(".weight".count)
        tensors.append(.init(name: "\(layer).up", shape: [rows, rows], values: .float32(identity)))
        tensors.append(.init(name: "\(layer).down", shape: row.shape, values: .float32(difference)))
      }
    }
    try withFile(tensors, named: name) { url in
      let checkpoint = try PartCheckpoint.open(url, as: [.controlNet])
      #expect(checkpoint.unrecognised == [])
      #expect(checkpoint.markers == [form == .lora ? "lora_controlnet" : "difference"])
      let weights = ControlNetWeights(checkpoint, checkpoint.shapes, base: base.weights, base.base.parameters, form)
      #expect(weights.strayFactors == [])
      let configuration = try ControlNetModel.Configuration(
        weights.wholeShapes, own: nil, name: name, base: base.base)
      var small = configuration
      small.unet.heads = [2, 2, 2, 2]
      small.unet.normGroups = 4
      _ = try check(name, weights, shapes: weights.wholeShapes, height: 6, width: 10) { place in
        .controlNet(ControlNetModel(place, small))
      } inputs: { golden in
        var inputs = try golden.inputs()
        for index in 0...small.skipCount {
          inputs["scale.\(index)"] = HostTensor([2, 1, 1, 1], [Float](repeating: 1, count: 2))
        }
        return inputs
      }
    }
  }

  @Test("Each result of a ControlNet is scaled by itself")
  func scales() throws {
    let name = "controlnet_sd1", part = try PartModel(name)
    try withPart(part, .folder, name: name) { checkpoint in
      let configuration = try ControlNetModel.Configuration(
        checkpoint.shapes, own: checkpoint.configuration, name: name, base: FamilyBase(part.family).base)
      let golden = try Golden("control/\(name)")
      var inputs = try golden.inputs()
      for index in 0...configuration.skipCount {
        inputs["scale.\(index)"] = HostTensor([2, 1, 1, 1], [0 as Float, Float(index) / 4])
      }
      let network = Network.controlNet(
        ControlNetModel(Weights(WeightInventory(checkpoint.shapes), path: "controlnet"), configuration))
      let graph = try network.graph(NetworkShape(rows: 2, height: 6, width: 10), .float32)
      let backend = try CPUBackend()
      let results = try backend.plan(graph, weights: backend.upload(checkpoint, for: graph)).run(inputs)
      for (index, result) in results.enumerated() {
        let expected = try golden.tensor("output.\(index)").floats, half = expected.count / 2
        #expect(result.floats[..<half].allSatisfy { $0 == 0 })
        let scaled = expected[half...].map { $0 * Float(index) / 4 }
        #expect(Comparison(Array(result.floats[half...]), scaled).relativeL2 < 1e-5 || index == 0)
      }
    }
  }

  @Test(
    "A T2I-Adapter makes the features that diffusers' does",
    arguments: ["t2i_sd1", "t2i_sd1_grey", "t2i_sdxl", "t2i_sd1_light"],
    PartModel.Layout.allCases)
  func t2iAdapter(_ name: String, _ layout: PartModel.Layout) throws {
    let part = try PartModel(name)
    try withPart(part, layout, name: name) { checkpoint in
      #expect(checkpoint.unrecognised == [])
      let configuration = try T2IAdapter.Configuration(checkpoint.shapes, own: checkpoint.configuration)
      try configuration.requireFit(FamilyBase(part.family).base, name: name)
      _ = try check(name, checkpoint, height: 6, width: 10) { weights in
        .t2iAdapter(T2IAdapter(weights, configuration), reduction: 8)
      } inputs: { golden in
        let picture = try golden.tensor("input.picture")
        return [
          "picture": T2IAdapter.unshuffled(picture.floats, width: 80, height: 48, by: configuration.reduction)
        ]
      }
    }
  }

  @Test("CLIP's image encoder gives what transformers' does", arguments: PartModel.Layout.allCases)
  func imageEncoder(_ layout: PartModel.Layout) throws {
    try withPart(PartModel("image_encoder"), layout, name: "image_encoder") { checkpoint in
      #expect(checkpoint.unrecognised == [])
      let configuration = try CLIPVisionModel.Configuration(checkpoint.shapes, own: checkpoint.configuration)
      #expect(configuration.tokens == 5 && configuration.imageSize == 28)
      // A whole CLIP describes its two halves.
      if let own = checkpoint.configuration {
        let whole = JSONValue.object(["model_type": .string("clip"), "vision_config": own])
        #expect(try CLIPVisionModel.Configuration(checkpoint.shapes, own: whole) == configuration)
      }
      _ = try check("image_encoder", checkpoint) { weights in
        .imageEncoder(CLIPVisionModel(weights, configuration))
      } inputs: {
        try $0.inputs()
      }
    }
  }

  @Test(
    "An IP-Adapter makes the keys and values that diffusers' does",
    arguments: ["ip_sd1", "ip_sd1_plus", "ip_sd1_full", "ip_sdxl", "ip_sdxl_plus"], PartModel.Layout.allCases)
  func ipAdapter(_ name: String, _ layout: PartModel.Layout) throws {
    let part = try PartModel(name)
    // There is no folder of diffusers for one: its names are those of the file as diffusers writes it.
    guard layout == .original else { return }
    try withPart(part, layout, name: name) { checkpoint in
      #expect(checkpoint.unrecognised == [])
      let configuration = try IPAdapter.Configuration(checkpoint.shapes)
      try configuration.requireFit(FamilyBase(part.family).base, name: name)
      #expect(configuration.tokens(patches: 5) == (name.contains("_") && configuration.takesEmbedding ? 4 : 5))
      _ = try check(name, checkpoint, rows: 2) { weights in
        .ipAdapter(IPAdapter(weights, configuration), patches: 5)
      } inputs: {
        try $0.inputs()
      }
    }
  }

  @Test("Published networks have as many parameters as theirs")
  func publishedSizes() {
    func count(_ root: String, _ build: (Weights) -> Void) -> Int {
      let inventory = WeightInventory([:])
      build(Weights(inventory, path: root))
      return inventory.requested.values.reduce(0) { $0 + $1.count }
    }
    var net = ControlNetModel.Configuration()
    net.unet = .stableDiffusion1
    #expect(count("controlnet") { _ = ControlNetModel($0, net) } == 361_279_120)
    net.unet = .stableDiffusionXL
    #expect(count("controlnet") { _ = ControlNetModel($0, net) } == 1_251_014_160)
    // diffusers' smaller ones, "mid" and "small", with transformers of no blocks.
    net.unet.downDepths = [[0, 0], [0, 0], [1, 1]]
    net.unet.midDepths = [1]
    net.unet.emptyLevels = [1]
    #expect(count("controlnet") { _ = ControlNetModel($0, net) } == 272_586_000)
    net.unet.downDepths = [[0, 0], [0, 0], [0, 0]]
    net.unet.midDepths = [0]
    net.unet.emptyLevels = [3]
    #expect(count("controlnet") { _ = ControlNetModel($0, net) } == 160_111_120)
    var adapter = T2IAdapter.Configuration()
    #expect(count("t2i_adapter") { _ = T2IAdapter($0, adapter) } == 77_369_280)
    adapter.reduction = 16
    #expect(count("t2i_adapter") { _ = T2IAdapter($0, adapter) } == 79_028_160)
    // ViT-H/14 with its projection.
    #expect(count("image_encoder") { _ = CLIPVisionModel($0, .init()) } == 632_076_800)
  }

  @Test("An IP-Adapter in dictionaries of a pickle has the same weights")
  func pickle() throws {
    let checkpoint = try PartCheckpoint.open(Golden.url("control/ip_sd1.bin"), as: [.controlNet, .ipAdapter])
    let part = try PartModel("ip_sd1")
    #expect(checkpoint.kind == .ipAdapter && checkpoint.unrecognised == [])
    #expect(Set(checkpoint.tensors.keys) == Set(part.rows.map(\.path)))
    for row in part.rows {
      let expected = try part.floats(row)
      var values = [Float](repeating: 0, count: expected.count)
      try values.withUnsafeMutableBytes { try checkpoint.read(row.path, as: .float32, into: $0) }
      #expect(values == expected, "\(row.path)")
    }
  }

  @Test("A network for another family of models is told so, and what it is for")
  func otherFamilies() throws {
    for (name, family) in [
      ("controlnet_sd1", "sdxl"), ("controlnet_sdxl", "sd1"), ("controlnet_sdxl_small", "sd1"), ("t2i_sd1", "sdxl"),
      ("t2i_sdxl", "sd1"), ("ip_sd1", "sdxl"), ("ip_sdxl_plus", "sd1"),
    ] {
      let base = try FamilyBase(family).base
      try withPart(PartModel(name), .original, name: name) { checkpoint in
        let error = #expect(throws: ModelError.self) {
          switch checkpoint.kind {
          case .controlNet:
            let configuration = try ControlNetModel.Configuration(
              checkpoint.shapes, own: checkpoint.configuration, name: name, base: base)
            try base.requireFit(checkpoint.shapes, configuration, name: name)
          case .t2iAdapter:
            try T2IAdapter.Configuration(checkpoint.shapes, own: checkpoint.configuration).requireFit(base, name: name)
          case .ipAdapter: try IPAdapter.Configuration(checkpoint.shapes).requireFit(base, name: name)
          case .imageEncoder: break
          }
        }
        #expect(
          error?.description.contains("was made for ") == true)
        #expect(error?.description.contains(name) == true)
      }
    }
  }
}

/// A family's small model, as networks beside it see it.
struct FamilyBase {
  let base: PartBase
  let weights: SyntheticWeights

  init(_ name: String) throws {
    let model = try FamilyModel(name)
    var shapes: [String: Shape] = [:]
    for row in model.rows { shapes[row.path] = Shape(row.shape) }
    let configurations = try model.configurations()
    let layout = CheckpointLayout(shapes: shapes, configurations: configurations)
    let family: ModelFamily =
      name.hasPrefix("sdxl") ? .stableDiffusionXL : name == "sd2" ? .stableDiffusion2 : .stableDiffusion1
    base = PartBase(DiffusionModel(try family.configuration(layout), layout), configurations: configurations)
    weights = SyntheticWeights(shapes)
  }
}

extension Golden {
  /// What a network was given, by the names of its inputs.
  fileprivate func inputs() throws -> [String: HostTensor] {
    var inputs: [String: HostTensor] = [:]
    for name in names where name.hasPrefix("input.") {
      inputs[String(name.dropFirst("input.".count))] = try tensor(name)
    }
    return inputs
  }
}

extension PartNetworkTests {
  private func withPart(
    _ part: PartModel, _ layout: PartModel.Layout, name: String, prefix: String = "",
    _ body: (PartCheckpoint) throws -> Void
  ) throws {
    try withFolder { folder in
      let url = try part.write(layout, in: folder, name: name, prefix: prefix)
      let kind = try #require(PartKind(rawValue: part.kind))
      try body(PartCheckpoint.open(url, as: [kind]))
    }
  }

  private func withFile(_ tensors: [SafetensorsWriter.Tensor], named name: String, _ body: (URL) throws -> Void) throws
  {
    try withFolder { folder in
      let url = folder.appending(path: "\(name).safetensors")
      try SafetensorsWriter.write(tensors, to: url)
      try body(url)
    }
  }

  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "parts-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  private func check(
    _ name: String, _ checkpoint: PartCheckpoint, rows: Int = 2, height: Int = 0, width: Int = 0,
    network: (Weights) throws -> Network, inputs: (Golden) throws -> [String: HostTensor]
  ) throws -> [String: Shape] {
    try check(
      name, checkpoint, shapes: checkpoint.shapes, root: checkpoint.kind.root, rows: rows, height: height, width: width,
      network: network, inputs: inputs)
  }

  /// Runs a network on both processors' backends and compares every result.
  ///
  /// - Returns: the shapes of the weights that it reads.
  private func check(
    _ name: String, _ source: any WeightSource, shapes: [String: Shape], root: String = "controlnet", rows: Int = 2,
    height: Int = 0, width: Int = 0, network: (Weights) throws -> Network,
    inputs: (Golden) throws -> [String: HostTensor]
  ) throws -> [String: Shape] {
    let golden = try Golden("control/\(name)"), inventory = WeightInventory(shapes)
    let network = try network(Weights(inventory, path: root))
    #expect(inventory.report.isComplete && inventory.report.unused == [], "\(inventory.report)")
    let graph = try network.graph(NetworkShape(rows: rows, height: height, width: width), .float32)
    let values = try inputs(golden)
    for backend in [try CPUBackend(), ReferenceBackend()] as [any Backend] {
      let results = try backend.plan(graph, weights: backend.upload(source, for: graph)).run(values)
      #expect(results.count == golden.names.count { $0.hasPrefix("output.") })
      for (index, result) in results.enumerated() {
        let expected = try golden.tensor("output.\(index)")
        #expect(result.shape == expected.shape)
        #expect(
          Comparison(result.floats, expected.floats).relativeL2 < 1e-5, "\(name), result \(index), \(type(of: backend))"
        )
      }
    }
    return inventory.requested
  }
}

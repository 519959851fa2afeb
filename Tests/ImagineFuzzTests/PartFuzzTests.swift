import Foundation
import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import ImagineModels
import Testing

/// Networks beside a model whose files are changed at random: each is built, or refused with a sentence.
@Suite struct PartFuzzTests {
  private static let names = [
    "controlnet_sd1", "controlnet_sdxl_small", "t2i_sd1", "t2i_sd1_light", "t2i_sdxl", "ip_sd1", "ip_sd1_plus",
    "ip_sd1_full",
    "image_encoder",
  ]

  private static let settings: [(String, [JSONValue])] = [
    ("attention_head_dim", [.int(0), .int(3), .int(-1), .array([.int(2)]), .string("x"), .int(1 << 40)]),
    ("norm_num_groups", [.int(0), .int(7), .double(0.5)]), ("global_pool_conditions", [.bool(true), .int(3)]),
    ("num_attention_heads", [.int(5), .int(0)]), ("hidden_act", [.string("relu"), .null]),
    ("addition_time_embed_dim", [.int(3), .int(1 << 50)]), ("downscale_factor", [.int(7)]),
  ]

  @Test("Shapes and settings that were changed are built, or refused with a sentence")
  func changedStructures() throws {
    let base = try FuzzBase.make(), parts = try Self.names.map(PartModel.init)
    try Fuzz.run("part") { random in
      let part = random.pick(parts)
      var shapes: [String: Shape] = [:]
      for row in part.rows { shapes[row.path] = Shape(row.shape) }
      for _ in 0..<1 + random.below(4) {
        let path = random.pick(shapes.keys.sorted())
        switch random.below(4) {
        case 0: shapes[path] = nil
        case 1: shapes[path] = Shape((0..<random.below(5)).map { _ in random.pick([0, 1, 2, 3, 16, 255, 65_537]) })
        case 2:
          var extents = shapes[path]?.dimensions ?? []
          if !extents.isEmpty { extents[random.below(extents.count)] = random.pick([0, 1, 5, 1 << 17, 1 << 40]) }
          shapes[path] = Shape(extents)
        default: shapes[path.replacing("0", with: "\(random.below(12))")] = [random.below(9)]
        }
        if shapes.isEmpty { break }
      }
      var members =
        part.configuration.flatMap { try? JSONValue(parsing: String(decoding: $0, as: UTF8.self)).object } ?? [:]
      if random.oneIn(2) {
        let (key, values) = random.pick(Self.settings)
        members[UTF8Name(key)] = random.pick(values)
      }
      return build(part.kind, shapes, members.isEmpty ? nil : .object(members), base, random)
    }
  }

  private func build(
    _ kind: String, _ shapes: [String: Shape], _ own: JSONValue?, _ base: PartBase, _ random: FuzzRandom
  ) -> Bool {
    do {
      let inventory = WeightInventory(shapes), weights = Weights(inventory, path: kind)
      let network: Network
      var shape = NetworkShape(rows: 1, height: 8, width: 8)
      switch kind {
      case "controlnet":
        let configuration = try ControlNetModel.Configuration(shapes, own: own, name: "x", base: base)
        try base.requireFit(shapes, configuration, name: "x")
        network = .controlNet(ControlNetModel(weights, configuration))
      case "t2i_adapter":
        let configuration = try T2IAdapter.Configuration(shapes, own: own)
        try configuration.requireFit(base, name: "x")
        network = .t2iAdapter(T2IAdapter(weights, configuration), reduction: 8)
      case "ip_adapter":
        let configuration = try IPAdapter.Configuration(shapes)
        network = .ipAdapter(IPAdapter(weights, configuration), patches: 5)
        shape.rows = 2
      default: network = .imageEncoder(CLIPVisionModel(weights, try CLIPVisionModel.Configuration(shapes, own: own)))
      }
      guard inventory.report.isComplete else { return false }
      _ = try network.graph(shape, .float32)
      return true
    } catch let error as ModelError {
      Fuzz.expectMessage(error.description, random)
      return false
    } catch {
      // A graph that does not fit together is found before it is run.
      #expect(error is GraphError, "\(random): \(error)")
      return false
    }
  }
}

/// The small Stable Diffusion 1 that changed networks are to go with.
private enum FuzzBase {
  static func make() throws -> PartBase {
    let model = try FamilyModel("sd1")
    var shapes: [String: Shape] = [:]
    for row in model.rows { shapes[row.path] = Shape(row.shape) }
    let layout = CheckpointLayout(shapes: shapes, configurations: try model.configurations())
    let configuration = try ModelFamily.stableDiffusion1.configuration(layout)
    return PartBase(DiffusionModel(configuration, layout), configurations: layout.configurations)
  }
}

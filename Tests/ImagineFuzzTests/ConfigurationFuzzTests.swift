import Foundation
import Imagine
import ImagineCheckpoint
import ImagineGraph
import ImagineModels
import Testing

/// A diffusers folder whose settings are broken: it is complete, or refused in words.
@Suite struct ConfigurationFuzzTests {
  private static let keys = [
    "_class_name", "act_fn", "attention_head_dim", "num_attention_heads", "norm_num_groups", "sample_size",
    "down_block_types", "only_cross_attention", "prediction_type", "beta_start", "beta_end", "beta_schedule",
    "num_train_timesteps", "scaling_factor", "shift_factor", "hidden_act", "layer_norm_eps", "trained_betas", "steps",
    "width", "sampler", "guidance_scale", "model", "params", "parameterization", "unet_config", "pad_token", "strange",
  ]

  private static let parts = [
    "unet", "vae", "text_encoder", "scheduler", "model_index", "tokenizer", "defaults", "training", "other",
  ]

  private static let words = [
    "\"silu\"", "\"epsilon\"", "\"v_prediction\"", "\"scaled_linear\"", "\"quick_gelu\"", "\"UNet2DConditionModel\"",
    "\"CrossAttnDownBlock2D\"", "[8,8]", "[4,4]", "4", "8", "0.18215", "\"v\"", "\"euler\"",
  ]

  private static func settings(_ random: inout FuzzRandom) -> String {
    let members = (0..<random.below(4)).map { _ in
      let value = random.oneIn(2) ? random.pick(words) : random.json()
      return "\"\(random.oneIn(10) ? random.text(length: 2) : random.pick(keys))\":\(value)"
    }
    return "{\(members.joined(separator: ","))}"
  }

  @Test("Structures: what is taken can be traced") func layouts() throws {
    let shapes = DiffusionModel.synthetic(.miniature).model.parameters
    let paths = shapes.keys.sorted()
    try Fuzz.run("layout") { random in
      var shapes = shapes
      for _ in 0..<random.below(3) {
        let path = random.pick(paths)
        var extents = shapes[path]?.dimensions ?? []
        for index in extents.indices where random.oneIn(2) {
          extents[index] = random.pick([0, 1, 2, 3, 8, 32, 64, 65536, 65537, Int(Int32.max)])
        }
        shapes[path] = random.oneIn(5) ? nil : Shape(random.oneIn(5) ? Array(extents.dropLast()) : extents)
      }
      var configurations: [String: JSONValue] = [:]
      for part in Self.parts where random.oneIn(3) {
        configurations[part] = try? JSONValue(parsing: Self.settings(&random))
      }
      if random.oneIn(2) {
        configurations["unet"] = try JSONValue(parsing: "{\"norm_num_groups\":8,\"attention_head_dim\":4}")
        configurations["vae"] = try JSONValue(parsing: "{\"norm_num_groups\":8}")
        configurations["text_encoder"] = try JSONValue(parsing: "{\"num_attention_heads\":4}")
      }
      let notes = random.oneIn(4) ? ["modelspec.prediction_type": random.text(length: 2)] : [:]
      let layout = CheckpointLayout(shapes: shapes, configurations: configurations, notes: notes)
      do {
        let configuration = try ModelFamily.stableDiffusion1.configuration(layout)
        let model = DiffusionModel(configuration, layout)
        guard model.report.isComplete else { return false }
        for network in model.networks { _ = try network.graph(NetworkShape(rows: 2, height: 8, width: 8), .float32) }
        return true
      } catch let error as ModelError {
        Fuzz.expectMessage(error.description, random)
        return false
      }
    }
  }

  @Test("Folders: a report, or a sentence") func folders() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "imagine-fuzz-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try Self.writeWeights(to: folder)
    let good = [
      "unet/config.json": "{\"norm_num_groups\":8,\"attention_head_dim\":4}",
      "vae/config.json": "{\"norm_num_groups\":8}",
      "text_encoder/config.json": "{\"num_attention_heads\":4}",
      "model_index.json": "{\"_class_name\":\"StableDiffusionPipeline\"}",
      "scheduler/scheduler_config.json": "{\"prediction_type\":\"epsilon\"}",
      "tokenizer/tokenizer_config.json": "{\"pad_token\":\"<|endoftext|>\"}",
    ]
    for (path, text) in good { try Self.write(text, to: folder.appending(path: path)) }
    #expect(try ModelReport(inspecting: folder).isComplete)
    let paths = good.keys.sorted()
    try Fuzz.run("folder") { random in
      let path = random.pick(paths), text = try #require(good[path])
      var bytes = Array((random.oneIn(2) ? text : Self.settings(&random)).utf8)
      if random.oneIn(2) {
        bytes = random.broken(bytes, with: (Self.words + ["\"\(random.pick(Self.keys))\":"]).map { Array($0.utf8) })
      }
      try Data(bytes).write(to: folder.appending(path: path))
      defer { try? Self.write(text, to: folder.appending(path: path)) }
      do {
        let report = try ModelReport(inspecting: folder)
        #expect(report.isComplete == (report.problem == nil), "\(random)")
        return report.isComplete
      } catch let error as ImagineError {
        Fuzz.expectMessage(error.message, random)
        #expect(error.code != .internalError, "\(random): \(error.message)")
        return false
      }
    }
  }

  private static func write(_ text: String, to url: URL) throws {
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  /// The miniature model's weights, all of them zeros that take no room on the disk.
  private static func writeWeights(to folder: URL) throws {
    let shapes = DiffusionModel.synthetic(.miniature).model.parameters
    for (part, name) in [
      ("unet", "diffusion_pytorch_model"), ("vae", "diffusion_pytorch_model"), ("text_encoder", "model"),
    ] {
      var members: [String] = [], offset = 0
      for (path, shape) in shapes.sorted(by: { $0.key < $1.key }) where path.hasPrefix("\(part).") {
        let end = offset + shape.count * 2
        members.append(
          "\"\(path.dropFirst(part.count + 1))\":{\"dtype\":\"F16\",\"shape\":\(shape.dimensions),\"data_offsets\":[\(offset),\(end)]}"
        )
        offset = end
      }
      let header = Data("{\(members.joined(separator: ","))}".utf8)
      let url = folder.appending(path: "\(part)/\(name).safetensors")
      try write("", to: url)
      let handle = try FileHandle(forWritingTo: url)
      try handle.write(contentsOf: withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) } + header)
      try handle.truncate(atOffset: UInt64(8 + header.count + offset))
      try handle.close()
    }
  }
}

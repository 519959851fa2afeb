import Foundation
import Imagine
import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import ImagineTesting
import Testing

/// A run of diffusers with networks beside a family's small model; `Tests/References/control_goldens.py` makes them.
struct ControlGolden {
  let golden: Golden
  /// Of `FamilyModel`.
  let family: String

  init(_ run: String) throws {
    golden = try Golden("control/\(run)")
    family = try #require(golden.metadata["family"])
  }

  /// The same formula as the script's.
  static func picture(_ name: String, width: Int = 64, height: Int = 64) throws -> SourcePicture {
    let (columns, rows) = name == "b" ? (height, width) : (width, height)
    var pixels: [UInt8] = []
    for row in 0..<rows {
      for column in 0..<columns {
        let (x, y) = name == "b" ? (row, column) : (column, row)
        pixels += [UInt8(4 * x & 255), UInt8(4 * y & 255), UInt8(8 * (x ^ y) & 255)]
      }
    }
    return try SourcePicture(size: Size(width: columns, height: rows), pixels: pixels)
  }

  /// What the run was asked for, with the networks written into a folder.
  func request(_ layout: PartModel.Layout, in folder: URL) throws -> GenerationRequest {
    var request = try GenerationRequest(golden)
    let parts = try JSONValue(parsing: golden.metadata["parts"] ?? "{}")
    request.controls = try (parts["controls"]?.array ?? []).enumerated().map { index, part in
      let name = try #require(part["network"]?.string)
      let url = try model(part, name).write(layout, in: folder, name: "control\(index)-\(name)")
      var control = ControlImage(model: url, picture: try Self.picture(try #require(part["picture"]?.string)))
      control.weight = Float(try #require(part["weight"]?.double))
      control.start = part["start"]?.double ?? 0
      control.end = part["end"]?.double ?? 1
      control.importance =
        try (part["importance"]?.string).map { try #require(ControlImportance(rawValue: $0)) } ?? .balanced
      return control
    }
    for (dialect, weights) in (parts["loras"]?.object ?? [:]).sorted(by: { $0.key > $1.key }) {
      // diffusers does not read what kohya's trainer calls this.
      let file = try AdapterGolden.of(dialect.text, family).write(to: folder, name: dialect.text) { tensors in
        tensors = tensors.filter { !$0.key.contains("te2_text_projection") && !$0.key.contains("unet_add_embedding") }
      }
      let numbers = try #require(weights.array).compactMap(\.double)
      request.loras.append(LoRA(file, weight: Float(numbers[0]), textEncoderWeight: Float(numbers[1])))
    }
    request.imagePrompts = try (parts["prompts"]?.array ?? []).enumerated().map { index, part in
      let name = try #require(part["network"]?.string)
      let url = try model(part, name).write(.original, in: folder, name: "adapter\(index)")
      let encoder = try PartModel("image_encoder").write(layout, in: folder, name: "encoder")
      let picture = try Self.picture(try #require(part["picture"]?.string), width: 40, height: 56)
      var prompt = ImagePrompt(model: url, encoder: encoder, pictures: [picture])
      prompt.weight = Float(try #require(part["weight"]?.double))
      return prompt
    }
    return request
  }

  private func model(_ part: JSONValue, _ name: String) throws -> PartModel {
    // Pooling is all that tells that one from another, and a name or a configuration says it.
    var model = try PartModel(name == "controlnet_sd1_shuffle" ? "controlnet_sd1" : name)
    model.salt = part["salt"]?.string ?? ""
    return model
  }

  /// Compares the way from the first latents to the last, as far as the golden has it.
  func expect(_ image: GeneratedImage, within limit: Double = 1e-3) throws {
    let tensors = try #require(image.tensors)
    #expect(golden.names.contains("latents.final") && golden.names.contains("noise_pred.0"))
    for name in golden.names {
      let ours = try #require(tensors[name], "\(name)"), theirs = try golden.floats(name)
      #expect(Comparison(ours.values, theirs).relativeL2 < limit, "\(name)")
    }
  }
}

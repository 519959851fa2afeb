import Foundation
import Imagine
import ImagineCheckpoint
import ImagineGraph
import Testing

/// Files that are no models: each is refused with a sentence that says what it is.
@Suite struct BadModelTests {
  @Test func missingFile() async throws {
    try await expect(.unreadableModel, "check the path", opening: URL(filePath: "/nowhere/model.safetensors"))
  }

  @Test func emptyFolder() async throws {
    try await withTemporaryFolder { folder in
      try await expect(.unreadableModel, "", opening: folder)
    }
  }

  @Test func truncatedFile() async throws {
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "cut.safetensors")
      try Data(contentsOf: TinyModel.file).prefix(500_000).write(to: url)
      try await expect(.unreadableModel, "cut.safetensors", opening: url)
    }
  }

  @Test func lora() async throws {
    let names = ["lora_down.weight", "lora_up.weight", "alpha"].map {
      "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q.\($0)"
    }
    try await expectRefusal(ofTensors: names.map { ($0, [4, 4]) }, .unsupportedModel, "LoRA")
  }

  @Test func somethingElse() async throws {
    try await expectRefusal(ofTensors: [("layer.weight", [2, 2])], .unsupportedModel, "")
  }

  /// A weight cut out of the model is named.
  @Test func missingWeight() async throws {
    try await withChangedModel(ChangedModel(removed: ["unet.conv_out.bias"])) { url in
      try await expect(.incompleteModel, "unet.conv_out.bias", opening: url)
      let report = try ModelReport(inspecting: url)
      #expect(!report.isComplete)
      #expect(report.missing == ["unet.conv_out.bias [4]"])
    }
  }

  /// So is a weight of another shape.
  @Test func misshapenWeight() async throws {
    try await withChangedModel(ChangedModel(reshaped: ("unet.mid_block.resnets.0.conv1.bias", [3]))) { url in
      try await expect(.incompleteModel, "unet.mid_block.resnets.0.conv1.bias", opening: url)
    }
  }

  private func expect(_ code: ImagineError.Code, _ words: String, opening url: URL) async throws {
    let error = await #expect(throws: ImagineError.self) { try await Pipeline(model: url) }
    #expect(error?.code == code, "\(error?.message ?? "")")
    #expect(error?.message.contains(words) == true || words.isEmpty, "\(error?.message ?? "")")
    #expect(error?.message.hasSuffix(".") == true, "\(error?.message ?? "")")
  }

  private func expectRefusal(
    ofTensors tensors: [(String, [Int])], _ code: ImagineError.Code, _ words: String
  ) async throws {
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "odd.safetensors")
      try SafetensorsWriter.write(
        tensors.map { name, shape in
          .init(name: name, shape: shape, values: .float32([Float](repeating: 0, count: shape.reduce(1, *))))
        }, to: url)
      try await expect(code, words, opening: url)
    }
  }

  private func withChangedModel(_ model: ChangedModel, _ body: (URL) async throws -> Void) async throws {
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "changed.safetensors")
      try model.write(to: url)
      try await body(url)
    }
  }
}

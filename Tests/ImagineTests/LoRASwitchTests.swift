import Foundation
import ImagineGoldens
import ImagineTesting
import Testing

@testable import Imagine
@testable import ImagineEngine

/// Different LoRAs for each request on one loaded model: whatever was applied before leaves no trace.
enum LoRASwitching {
  /// Sets of files with weights, in an order in which each kind follows each other.
  private static let sets: [[(dialect: String, weight: Float, text: Float?)]] = [
    [("kohya", 0.5, nil)], [("kohya with DoRA", 1, nil), ("kohya", 0.25, 0)], [], [("full differences", 0.1, nil)],
    [("kohya", 0.5, nil)], [("LyCORIS", 0.5, 0.75)], [("kohya", 0, 1)],
    [("kohya", 0.25, 0), ("kohya with DoRA", 1, nil)],
    [("ComfyUI", -0.5, nil), ("LyCORIS", 0.5, 0.75)], [("kohya", 0.5, nil)], [],
  ]

  /// Everything between the prompt and the picture.
  static func values(_ image: GeneratedImage) -> [String: [Float]] {
    let names = image.tensors?.names ?? []
    return Dictionary(uniqueKeysWithValues: names.map { ($0, image.tensors?[$0]?.values ?? []) })
  }

  /// Draws with one pipeline after the other set, and each set with one that never knew another.
  static func check(_ pipeline: () async throws -> Pipeline, in folder: URL) async throws {
    let shared = try await pipeline()
    var fresh: [[LoRA]: GeneratedImage] = [:]
    for set in sets {
      var request = GenerationRequest(prompt: "a red house", size: Size(width: 64, height: 64), steps: 2)
      request.seed = 7
      request.recordsTensors = true
      request.loras = try set.map { item in
        let file = folder.appending(path: "\(item.dialect).safetensors")
        if !FileManager.default.fileExists(atPath: file.path) {
          _ = try AdapterGolden.of(item.dialect, "sd1").write(to: folder, name: item.dialect)
        }
        return LoRA(file, weight: item.weight, textEncoderWeight: item.text)
      }
      if fresh[request.loras] == nil { fresh[request.loras] = try await pipeline().image(request) }
      let image = try await shared.image(request)
      #expect(values(image) == fresh[request.loras].map(values), "\(set)")
      #expect(image.pixels == fresh[request.loras]?.pixels)
    }
    #expect(Set(fresh.values.map(\.pixels)).count == fresh.count, "every set draws another picture")
  }
}

@Suite struct LoRASwitchTests {
  @Test(arguments: [Imagine.Precision.float32, .bfloat16])
  func onTheProcessor(_ precision: Imagine.Precision) async throws {
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "model.safetensors")
      try FamilyModel("sd1").writeFile(to: url)
      try await LoRASwitching.check(
        { try await Pipeline(model: url, options: .init(device: .cpu, precision: precision)) }, in: folder)
    }
  }

  /// Weights that pass through memory at each use are merged as they pass.
  @Test func withLittleMemory() async throws {
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "model.safetensors")
      try FamilyModel("sd1").writeFile(to: url)
      var options = Pipeline.Options(device: .cpu, precision: Imagine.Precision.float32)
      options.lowMemory = .always
      let settled = options
      try await LoRASwitching.check({ try await Pipeline(model: url, options: settled) }, in: folder)
    }
  }

  /// A second picture with the same files merges nothing, nor does one that never had any.
  @Test func nothingIsDoneTwice() async throws {
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "model.safetensors")
      try FamilyModel("sd1").writeFile(to: url)
      let file = try AdapterGolden.of("kohya", "sd1").write(to: folder, name: "a")
      let pipeline = try await Pipeline(model: url, options: .init(device: .cpu, precision: Imagine.Precision.float32))
      func merges(_ loras: [LoRA]) async throws -> Bool {
        var request = TinyModel.request
        request.loras = loras
        var found = false
        for try await event in pipeline.generate(request) {
          if case .stage(.preparing("LoRAs")) = event { found = true }
        }
        return found
      }
      #expect(try await merges([]) == false)
      #expect(try await merges([LoRA(file)]) == true)
      #expect(try await merges([LoRA(file)]) == false)
      #expect(try await merges([LoRA(file, weight: 0.5)]) == true)
      #expect(try await merges([]) == true)
      #expect(try await merges([]) == false)
    }
  }
}

extension VulkanTests {
  @Suite struct VulkanLoRATests {
    @Test func switching() async throws {
      try await withTemporaryFolder { folder in
        let url = folder.appending(path: "model.safetensors")
        try FamilyModel("sd1").writeFile(to: url)
        try await LoRASwitching.check(
          {
            try await Pipeline(
              OpenedModel(url), .init(precision: Imagine.Precision.float32), on: VulkanTestDevice.opened())
          },
          in: folder)
      }
      try VulkanTestDevice.expectNoComplaint()
    }
  }
}

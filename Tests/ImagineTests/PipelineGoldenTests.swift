import Foundation
import Imagine
import ImagineEngineTesting
import ImagineTesting
import Testing

/// Whole runs against diffusers (DDIM) and k-diffusion around diffusers' UNet (the others).
@Suite struct PipelineGoldenTests {
  /// Every tensor of a run, from the prompt to the picture, within 1e-3 relative (most are within 1e-5).
  @Test(arguments: PipelineGolden.names) func agreesWithOthers(_ name: String) async throws {
    try await PipelineGolden(name).expect(from: TinyModel.pipeline(), within: 1e-3)
  }

  /// The same model as a diffusers folder draws the same picture.
  @Test func diffusersFolder() async throws {
    try await withTemporaryFolder { folder in
      try ModelCopy.writeFolder(of: TinyModel.file, to: folder)
      let fromFolder = try await Pipeline(model: folder, options: .init(precision: .float32))
      #expect(fromFolder.report.layout == "diffusers folder")
      let fromFile = try await TinyModel.pipeline()
      let ours = try await fromFolder.image(TinyModel.request)
      let expected = try await fromFile.image(TinyModel.request)
      #expect(ours.pixels == expected.pixels)
    }
  }

  /// 16-bit brain floats stay close to 32-bit floats.
  @Test func brainFloats() async throws {
    var request = TinyModel.request
    request.recordsTensors = true
    let exact = try await TinyModel.pipeline().image(request)
    let rounded = try await TinyModel.pipeline(precision: .bfloat16).image(request)
    for (name, limit) in [("context.positive", 0.02), ("noise_pred.0", 0.05), ("image", 0.1)] {
      let expected = try #require(exact.tensors?[name]?.values)
      let ours = try #require(rounded.tensors?[name]?.values)
      let distance = Comparison(ours, expected).relativeL2
      #expect(distance < limit, "\(name)")
      #expect(distance > 0, "\(name) does not look rounded")
    }
  }
}

extension Pipeline {
  /// All pictures of a request.
  func images(_ request: GenerationRequest) async throws -> [GeneratedImage] {
    var images: [GeneratedImage] = []
    for try await event in generate(request) {
      if case .image(let image) = event { images.append(image) }
    }
    return images
  }
}

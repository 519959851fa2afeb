import Foundation
import Imagine
import ImagineCheckpoint
import ImagineGoldens
import ImagineTesting
import Testing

/// Whole runs against diffusers (DDIM) and k-diffusion around diffusers' UNet (the others).
@Suite struct PipelineGoldenTests {
  /// Every tensor of a run, from the prompt to the picture, within 1e-3 relative (most are within 1e-5).
  @Test(arguments: [
    "ddim_64x64_seed42", "ddim_96x64_seed7", "euler_64x64_seed42", "euler_64x96_seed7",
    "euler_a_64x64_seed42_batch2", "dpmpp_2m_karras_64x64_seed42",
  ])
  func agreesWithOthers(_ name: String) async throws {
    let golden = try Golden("pipeline/\(name)")
    let pipeline = try await TinyModel.pipeline()
    let images = try await pipeline.images(request(golden))
    for (index, image) in images.enumerated() {
      let tensors = try #require(image.tensors)
      #expect(tensors.names.count == 7 + image.request.steps)
      for tensor in tensors.names {
        let ours = try #require(tensors[tensor])
        let theirs = try golden.floats(tensor)
        // Prompts are shared by a golden's pictures; everything else is there once for each.
        let expected = tensor.hasPrefix("tokens") || tensor.hasPrefix("context") ? theirs : slice(theirs, index, images)
        let distance = Comparison(ours.values, expected).relativeL2
        #expect(distance < 1e-3, "\(tensor) of picture \(index)")
        if tensor.hasPrefix("tokens") { #expect(ours.values == expected) }
      }
    }
  }

  /// The same model as a diffusers folder draws the same picture.
  @Test func diffusersFolder() async throws {
    try await withTemporaryFolder { folder in
      try DiffusersCopy.write(of: TinyModel.file, to: folder)
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

  private func request(_ golden: Golden) throws -> GenerationRequest {
    let settings = try JSONValue(parsing: golden.metadata["settings"] ?? "{}")
    let (sampler, schedule) = try Sampler.named(try #require(settings["sampler"]?.string))
    let seeds = try #require(settings["seeds"]?.array).compactMap(\.int)
    var request = GenerationRequest(
      prompt: try #require(settings["prompt"]?.string),
      size: Size(width: try #require(settings["width"]?.int), height: try #require(settings["height"]?.int)),
      steps: try #require(settings["steps"]?.int), guidanceScale: Float(try #require(settings["guidance"]?.double)),
      sampler: sampler)
    request.negativePrompt = try #require(settings["negative"]?.string)
    request.schedule = schedule
    request.seed = UInt64(try #require(seeds.first))
    request.count = seeds.count
    request.recordsTensors = true
    return request
  }

  private func slice(_ values: [Float], _ index: Int, _ images: [GeneratedImage]) -> [Float] {
    let count = values.count / images.count
    return Array(values[index * count..<(index + 1) * count])
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

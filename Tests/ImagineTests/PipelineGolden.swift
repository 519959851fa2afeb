import Imagine
import ImagineCheckpoint
import ImagineGoldens
import ImagineTesting
import Testing

/// A whole run of another program with the tiny model.
struct PipelineGolden {
  static let names = [
    "ddim_64x64_seed42", "ddim_96x64_seed7", "euler_64x64_seed42", "euler_64x96_seed7",
    "euler_a_64x64_seed42_batch2", "dpmpp_2m_karras_64x64_seed42", "seamless_x_64x64_seed42", "seamless_y_64x64_seed42",
    "seamless_xy_64x64_seed42",
  ]

  let golden: Golden

  init(_ name: String) throws { golden = try Golden("pipeline/\(name)") }

  /// Draws the same and compares every tensor on the way.
  ///
  /// - Parameter limit: the norm of the error over the norm of what is expected.
  func expect(from pipeline: Pipeline, within limit: Double) async throws {
    let images = try await pipeline.images(request())
    for (index, image) in images.enumerated() {
      let tensors = try #require(image.tensors)
      #expect(tensors.names.count == 7 + (image.request.steps ?? 0))
      for tensor in tensors.names {
        let ours = try #require(tensors[tensor])
        let theirs = try golden.floats(tensor)
        // Prompts are shared by a golden's pictures; everything else is there once for each.
        let expected = tensor.hasPrefix("tokens") || tensor.hasPrefix("context") ? theirs : slice(theirs, index, images)
        let distance = Comparison(ours.values, expected).relativeL2
        #expect(distance < limit, "\(tensor) of picture \(index)")
        if tensor.hasPrefix("tokens") { #expect(ours.values == expected) }
      }
    }
  }

  private func request() throws -> GenerationRequest {
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
    let axes = settings["seamless"]?.string ?? ""
    if axes.contains("x") { request.tiling.insert(.x) }
    if axes.contains("y") { request.tiling.insert(.y) }
    return request
  }

  private func slice(_ values: [Float], _ index: Int, _ images: [GeneratedImage]) -> [Float] {
    let count = values.count / images.count
    return Array(values[index * count..<(index + 1) * count])
  }
}

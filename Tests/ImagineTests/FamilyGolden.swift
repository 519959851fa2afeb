import Imagine
import ImagineCheckpoint
import ImagineGoldens
import ImagineTesting
import Testing

/// A whole run of diffusers with a family's small model.
struct FamilyGolden {
  let golden: Golden
  /// Of `FamilyModel`.
  let family: String

  init(_ run: String) throws {
    golden = try Golden("families/\(run)")
    family = try #require(golden.metadata["family"])
  }

  /// Draws the same and compares every tensor on the way, from the prompt to the picture.
  ///
  /// - Parameters:
  ///   - limit: the norm of the error over the norm of what is expected.
  ///   - isExact: whether predictions after the first are compared, too. Steps under guidance make what 16 bits round off
  ///     grow from prediction to prediction: PyTorch's own run of `sd2_v` in float16 ends 1.8e-2 off in the last of them, and
  ///     8e-3 off in the latents.
  func expect(from pipeline: Pipeline, within limit: Double, isExact: Bool = true) async throws {
    let image = try await pipeline.image(request())
    let tensors = try #require(image.tensors)
    let needed = ["tokens.positive", "context.positive", "latents.initial", "noise_pred.0", "latents.final", "image"]
    #expect(needed.allSatisfy(tensors.names.contains))
    for name in tensors.names where golden.names.contains(name) {
      if !isExact, name.hasPrefix("noise_pred."), name != "noise_pred.0" { continue }
      let ours = try #require(tensors[name]), theirs = try golden.floats(name)
      let distance = Comparison(ours.values, theirs).relativeL2
      #expect(distance < limit, "\(name)")
      if name.hasPrefix("tokens") { #expect(ours.values == theirs) }
    }
  }

  func request() throws -> GenerationRequest {
    let settings = try JSONValue(parsing: golden.metadata["settings"] ?? "{}")
    var request = GenerationRequest(
      prompt: try #require(settings["prompt"]?.string),
      size: Size(width: try #require(settings["width"]?.int), height: try #require(settings["height"]?.int)),
      steps: try #require(settings["steps"]?.int), guidanceScale: Float(try #require(settings["guidance"]?.double)),
      sampler: try Sampler.named(try #require(settings["sampler"]?.string)).sampler)
    request.negativePrompt = settings["negative"]?.string ?? ""
    request.schedule = try (settings["schedule"]?.string).map(Schedule.init(named:))
    request.seed = UInt64(try #require(settings["seed"]?.int))
    request.recordsTensors = true
    return request
  }
}

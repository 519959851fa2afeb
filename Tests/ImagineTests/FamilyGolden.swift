import Imagine
import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
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

  init(_ golden: Golden, _ family: String) { (self.golden, self.family) = (golden, family) }

  /// Compares every tensor of a picture's way, from the prompt to the pixels.
  ///
  /// - Parameters:
  ///   - limit: the norm of the error over the norm of what is expected.
  ///   - isExact: whether predictions after the first are compared, too. Steps under guidance make what 16 bits round off
  ///     grow from prediction to prediction: PyTorch's own run of `sd2_v` in float16 ends 1.8e-2 off in the last of them, and
  ///     8e-3 off in the latents.
  func expect(_ image: GeneratedImage, within limit: Double = 1e-3, isExact: Bool = true) throws {
    let tensors = try #require(image.tensors)
    let needed = ["tokens.positive", "context.positive", "latents.initial", "noise_pred.0", "latents.final", "image"]
    #expect(needed.allSatisfy(tensors.names.contains))
    for name in tensors.names where golden.names.contains(name) {
      if !isExact, name.hasPrefix("noise_pred."), name != "noise_pred.0" { continue }
      let ours = try #require(tensors[name]), theirs = try golden.floats(name)
      #expect(Comparison(ours.values, theirs).relativeL2 < limit, "\(name)")
      if name.hasPrefix("tokens") { #expect(ours.values == theirs) }
      if let shape = golden.shapes[name] { #expect(ours.shape == shape.dimensions, "\(name)") }
    }
  }

  /// What the golden's run was asked for.
  func request() throws -> GenerationRequest { try GenerationRequest(golden) }

  /// Draws the same and compares it.
  func expect(from pipeline: Pipeline, within limit: Double, isExact: Bool = true) async throws {
    try expect(try await pipeline.image(request()), within: limit, isExact: isExact)
  }
}

import Imagine
import ImagineCheckpoint
import ImagineGoldens
import Testing

extension GenerationRequest {
  /// What a golden run was asked for, with every tensor to be noted.
  init(_ golden: Golden) throws {
    let settings = try JSONValue(parsing: golden.metadata["settings"] ?? "{}")
    func pair(_ name: String) -> (Int, Int)? {
      guard let numbers = settings[name]?.array?.compactMap(\.int), numbers.count == 2 else { return nil }
      return (numbers[0], numbers[1])
    }
    self.init(
      prompt: try #require(settings["prompt"]?.string),
      size: Size(width: try #require(settings["width"]?.int), height: try #require(settings["height"]?.int)),
      steps: try #require(settings["steps"]?.int), guidanceScale: Float(try #require(settings["guidance"]?.double)),
      sampler: try Sampler.named(try #require(settings["sampler"]?.string)).sampler)
    negativePrompt = settings["negative"]?.string ?? ""
    schedule = try (settings["schedule"]?.string).map(Schedule.init(named:))
    seed = UInt64(try #require(settings["seed"]?.int))
    clipSkip = settings["clip_skip"]?.int
    originalSize = pair("original_size").map { Size(width: $0, height: $1) }
    targetSize = pair("target_size").map { Size(width: $0, height: $1) }
    crop = pair("crop").map { Crop(left: $0, top: $1) }
    featureCache = pair("cache").map { FeatureCache(interval: $0, branch: $1) }
    recordsTensors = true
  }
}

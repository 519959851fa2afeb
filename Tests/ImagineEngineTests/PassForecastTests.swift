import ImagineGraph
import ImagineModels
import ImagineSampling
import Testing

@testable import ImagineEngine

/// What is said of the memory of requests that run networks at more than one size, or with a picture.
@Suite struct PassForecastTests {
  private static func engine() throws -> ModelEngine {
    var settings = EngineSettings()
    settings.device = .processor
    settings.precision = .float32
    return try ModelEngine(settings)
  }

  private static func request(_ side: Int) -> PictureRequest {
    PictureRequest(
      prompt: "a house", negativePrompt: "", width: side, height: side, steps: 2, guidanceScale: 7, seed: 1,
      method: SamplingMethod(.euler), stream: .cpu)
  }

  @Test("A second pass takes no more than its own size does: the weights are there already")
  func secondPass() async throws {
    let engine = try Self.engine()
    let model = try OpenedModel(synthetic: .stableDiffusion15(), name: "sd15")
    var request = Self.request(256)
    request.hires = HiresPass(width: 512, height: 512, steps: nil, strength: 0.5, enlargement: .lanczos)
    let both = try await engine.estimate(request, with: model).forecast
    let large = try await engine.estimate(Self.request(512), with: model).forecast
    #expect(both.stages.map(\.role).filter { $0 == .denoiser }.count == 2)
    #expect(Double(both.peakBytes) < Double(large.peakBytes) * 1.15, "\(both.peakBytes) \(large.peakBytes)")
    #expect(both.stages.map(\.role).contains(.encoder))
  }

  @Test("A picture to begin from is encoded, and so counted")
  func initialPicture() async throws {
    let engine = try Self.engine()
    let model = try OpenedModel(synthetic: .stableDiffusion15(), name: "sd15")
    var request = Self.request(256)
    request.initial = InitialPicture(
      pixels: [Float](repeating: 0, count: 3 * 256 * 256), width: 256, height: 256, strength: 0.5)
    let forecast = try await engine.estimate(request, with: model).forecast
    #expect(forecast.stages.map(\.role) == [.textEncoder(0), .encoder, .denoiser, .decoder])
  }
}

import ImagineEngineTesting
import ImagineGraph
import Testing

@testable import Imagine

@Suite("Requests at once")
struct ConcurrentRequestTests {
  private static func request(_ pipeline: Pipeline, seed: UInt64) -> GenerationRequest {
    var request = pipeline.recommendedRequest(prompt: "a red house under a yellow sun")
    (request.steps, request.seed) = (2, seed)
    request.size = Size(width: 64, height: seed % 2 == 0 ? 64 : 96)
    return request
  }

  private static let options = Pipeline.Options(device: .cpu, precision: .float32, threads: 2)

  @Test(
    "From one pipeline and from two, of one engine and of two: the pictures of one after the other",
    arguments: [true, false])
  func samePictures(_ sharesEngine: Bool) async throws {
    let one = try await Pipeline.demonstration(options: Self.options)
    let engine = sharesEngine ? one.engine : try Engine(Self.options)
    let other = try await Pipeline.demonstration(on: engine)
    var expected: [[UInt8]] = []
    for seed in UInt64(1)...3 { expected.append(try await one.image(Self.request(one, seed: seed)).pixels) }
    let pictures = try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
      for (index, pipeline) in [one, one, other, one, other, other].enumerated() {
        group.addTask {
          (index, try await pipeline.image(Self.request(pipeline, seed: UInt64(index % 3 + 1))).pixels)
        }
      }
      return try await group.reduce(into: [Int: [UInt8]]()) { $0[$1.0] = $1.1 }
    }
    for index in 0..<6 { #expect(pictures[index] == expected[index % 3], "\(index)") }
  }

  @Test("Requests that one task makes one after the other are drawn in that order, and planned once each")
  func orderOfAsking() async throws {
    let rig = try await FailingRig()
    let again = try await Pipeline(model: TinyModel.file, on: rig.pipeline.engine)
    let widths = Array(1...12)
    let requests = widths.map { width in
      var request = TinyModel.request
      request.size = Size(width: 8 * width, height: 8)
      return (width % 2 == 0 ? again : rig.pipeline).generate(request)
    }
    for events in requests.reversed() {
      for try await _ in events {}
    }
    let planned = rig.device.plans.filter(\.isUNet).compactMap { call in
      call.graph.inputs.first { $0.name == "latents" }?.type.shape[2]
    }
    #expect(planned == widths)
    // The other pipeline's model is the first one's: the prompts' network is planned once.
    #expect(rig.device.plans.filter(\.isText).count == 1)
  }
}

import Imagine
import Testing

@Suite("Requests at once")
struct ConcurrentRequestTests {
  private static func request(_ pipeline: Pipeline, seed: UInt64) -> GenerationRequest {
    var request = pipeline.recommendedRequest(prompt: "a red house under a yellow sun")
    (request.steps, request.seed) = (2, seed)
    request.size = Size(width: 64, height: seed % 2 == 0 ? 64 : 96)
    return request
  }

  private static let options = Pipeline.Options(device: .cpu, precision: .float32, threads: 2)

  @Test("From one pipeline and from two, pictures are those of one after the other")
  func samePictures() async throws {
    let one = try await Pipeline.demonstration(options: Self.options)
    let other = try await Pipeline.demonstration(options: Self.options)
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
}

import Imagine
import Testing

/// The model built into the library: that it is there, whole and used, not how well it draws. How well is measured by
/// `Samples/DemoModel/check.py`, against many prompts.
@Suite struct DemonstrationModelTests {
  @Test func isComplete() throws {
    let report = try ModelReport.demonstration()
    #expect(report.isDemonstration && report.isComplete)
    #expect(report.unused.isEmpty && report.unrecognised.isEmpty)
    #expect(report.parts.reduce(0) { $0 + $1.byteCount } < 16_000_000)
  }

  /// The plain background is what a prompt decides first: red, green or blue outweighs the others in the corners.
  @Test(arguments: [("red", 0), ("green", 1), ("blue", 2)])
  func paintsTheBackgroundAskedFor(_ name: String, _ channel: Int) async throws {
    let pipeline = try await Pipeline.demonstration()
    var request = pipeline.recommendedRequest(prompt: "a white circle on a \(name) background")
    request.seed = 1
    let image = try await pipeline.image(request)
    let (width, height) = (image.size.width, image.size.height)
    let corners = [(4, 4), (width - 5, 4), (4, height - 5), (width - 5, height - 5)].map { x, y in
      (0..<3).map { Int(image.pixels[(y * width + x) * 3 + $0]) }
    }
    for corner in corners { #expect(corner.indices.max { corner[$0] < corner[$1] } == channel, "\(corner)") }
  }
}

import ImagineCPU
import ImagineGraph
import ImagineTesting
import Testing

@testable import Imagine
@testable import ImagineEngine

/// A whole picture by the kernels of processors with tile registers, the registers being software.
@Suite struct TileRegisterPictureTests {
  private func picture(_ features: CPUFeatures, _ precision: Imagine.Precision) async throws -> [Float] {
    let backend = try CPUBackend(threads: 2, features: features)
    let device = OpenedDevice(backend, name: "the processor", preferredPrecision: precision.graph)
    var request = TinyModel.request
    request.size = Size(width: 72, height: 40)
    let pipeline = try await Pipeline(OpenedModel(TinyModel.file), Pipeline.Options(precision: precision), on: device)
    return try await pipeline.image(request).pixels.map { Float($0) }
  }

  @Test("It differs from the 32-bit picture no more than bfloat16 in vectors does")
  func picture() async throws {
    let exact = try await picture(.available, .float32)
    let vectors = try await Comparison(picture(.available, .bfloat16), exact).relativeL2
    for features in [CPUFeatures.softwareTiles, CPUFeatures.available.union(.softwareTiles)] {
      let tiles = try await Comparison(picture(features, .bfloat16), exact).relativeL2
      #expect(tiles < 1.5 * vectors, "\(tiles) in tiles, \(vectors) in vectors")
    }
  }
}

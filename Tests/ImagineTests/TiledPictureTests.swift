import Imagine
import ImagineTesting
import Testing

@Suite struct TiledPictureTests {
  /// Tiled and untiled pictures agree before they are rounded to bytes, whatever the size has to do with the tiles.
  @Test(arguments: [Size(width: 264, height: 136), Size(width: 64, height: 64), Size(width: 8, height: 16)])
  func tiledPictureIsTheUntiledOne(_ size: Size) async throws {
    var request = TinyModel.request
    request.size = size
    request.steps = 1
    request.recordsTensors = true
    var images: [VAETiling: [Float]] = [:]
    for tiling in [VAETiling.never, .always] {
      let options = Pipeline.Options(precision: .float32, vaeTiling: tiling)
      let image = try await Pipeline(model: TinyModel.file, options: options).image(request)
      images[tiling] = try #require(image.tensors?["image"]?.values)
    }
    let comparison = Comparison(try #require(images[.always]), try #require(images[.never]))
    #expect(comparison.maxAbsolute < 1e-4)
  }
}

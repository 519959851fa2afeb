import Foundation
import ImagineGoldens
import ImagineImage
import Testing

@testable import Imagine

/// Upscalers as a program uses them.
struct UpscalerModelTests {
  private static let file = Golden.url("upscalers/compact_x2.pth")
  private static let model = Golden.url("pipeline/tiny-sd.safetensors")

  private func engine() throws -> Engine { try Engine(Engine.Options(device: .cpu, precision: .float32, threads: 1)) }

  private func picture(alpha: [UInt8]? = nil, text: [PNGText] = []) throws -> SourcePicture {
    var pixels: [UInt8] = []
    for index: UInt8 in 0..<48 { pixels += [index * 5, 250 - index * 4, 70] }
    let image = try RGBImage(width: 8, height: 6, pixels: pixels)
    return try SourcePicture(bytes: ImageFile.encode(image, alpha: alpha, as: .png, text: text))
  }

  @Test func aFileSaysWhatItIs() async throws {
    let upscaler = try await UpscalerModel(contentsOf: Self.file, on: engine())
    #expect(upscaler.name == "compact_x2" && upscaler.architecture == "Real-ESRGAN Compact" && upscaler.scale == 2)
  }

  @Test("A pipeline opens upscalers of its library by their names, on its own engine")
  func byName() async throws {
    let folder = try LibraryFolder()
    try folder.link("upscale_models/double_x2.pth", to: Self.file.path)
    try folder.link("upscale_models/triple_x3.pth", to: folder.write("x", to: "elsewhere").path)
    let library = ModelLibrary(folders: [.init(folder.url)])
    let pipeline = try await Pipeline(model: Self.model, on: engine(), library: library)
    let upscaler = try await pipeline.upscaler(named: "double")
    #expect(upscaler.name == "double_x2" && upscaler.scale == 2 && upscaler.engine === pipeline.engine)
    #expect(try await pipeline.upscaler(named: Self.file.path).scale == 2)
    for (name, words) in [("_x", "could be 'double_x2' or 'triple_x3'"), ("nothing", "no upscaler of that name")] {
      await #expect { try await pipeline.upscaler(named: name) } throws: { "\($0)".contains(words) }
    }
  }

  @Test func eventsEndWithThePicture() async throws {
    let upscaler = try await UpscalerModel(contentsOf: Self.file, on: engine())
    var events: [UpscalingEvent] = []
    for try await event in upscaler.upscale(try picture()) { events.append(event) }
    guard case .image(let image)? = events.last else {
      Issue.record("\(events)")
      return
    }
    #expect(image.size == Size(width: 16, height: 12) && image.alpha == nil)
    let progress = events.compactMap { event in if case .progress(let progress) = event { progress } else { nil } }
    #expect(progress.map(\.index) == [0, 1] && progress.allSatisfy { $0.count == 1 })
    #expect(try await upscaler.upscaled(picture()).pixels == image.pixels)
  }

  @Test(arguments: [(1.5, 12, 9), (2, 16, 12), (3, 24, 18), (5.3, 42, 32)])
  func scalesAreExact(_ scale: Double, _ width: Int, _ height: Int) async throws {
    let upscaler = try await UpscalerModel(contentsOf: Self.file, on: engine())
    #expect(try await upscaler.upscaled(picture(), scale: scale).size == Size(width: width, height: height))
  }

  @Test(arguments: [0, -1, .nan, .infinity, 1e9, 64.5])
  func impossibleScalesAreRefused(_ scale: Double) async throws {
    let upscaler = try await UpscalerModel(contentsOf: Self.file, on: engine()), picture = try picture()
    await #expect { try await upscaler.upscaled(picture, scale: scale) } throws: {
      ($0 as? ImagineError)?.code == .invalidRequest
    }
  }

  @Test("Transparency is kept by PNG and WebP, and laid on white by JPEG")
  func alpha() async throws {
    let alpha = (0..<48).map { UInt8($0 * 5) }
    let upscaler = try await UpscalerModel(contentsOf: Self.file, on: engine())
    let image = try await upscaler.upscaled(picture(alpha: alpha))
    let expected = try MaskImage(width: 8, height: 6, values: alpha).resized(width: 16, height: 12, .lanczos).values
    #expect(image.alpha == expected)
    for format in [PictureFormat.png, .webp(quality: 100)] {
      let read = try ImageFile.decode(image.encoded(as: format), name: "it")
      #expect(read.alpha == expected && read.image.pixels == image.pixels)
      #expect(read.text(Infotext.keyword) == image.parameters)
    }
    #expect(try ImageFile.decode(image.encoded(as: .webp(quality: 80)), name: "it").alpha == expected)
    let jpeg = try ImageFile.decode(image.encoded(as: .jpeg(quality: 100)), name: "it")
    #expect(jpeg.alpha == nil)
    // The first pixel is nearly nothing, on white.
    #expect(jpeg.image.pixels[0..<3].allSatisfy { $0 > 225 })
  }

  @Test("What a file says is kept, and what was done to it is added")
  func metadata() async throws {
    let upscaler = try await UpscalerModel(contentsOf: Self.file, on: engine())
    let settings = "a house\nNegative prompt: fog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 8x6"
    let source = try picture(text: [PNGText("parameters", settings), PNGText("workflow", "{}")])
    let image = try await upscaler.upscaled(source, scale: 4)
    #expect(image.parameters == settings + ", Postprocess upscale by: 4, Postprocess upscaler: compact_x2")
    let read = try ImageFile.decode(image.encoded(), name: "it")
    #expect(read.text == [PNGText("workflow", "{}"), PNGText("parameters", image.parameters)])
    #expect(try ImageFile.decode(image.encoded(metadata: false), name: "it").text.isEmpty)
    var size: UpscaledImage?
    for try await event in upscaler.upscale(source, to: Size(width: 10, height: 20)) {
      if case .image(let image) = event { size = image }
    }
    #expect(size?.parameters.hasSuffix("Postprocess upscale to: 10x20, Postprocess upscaler: compact_x2") == true)
    #expect(
      try await upscaler.upscaled(picture()).parameters == "Postprocess upscale by: 2, Postprocess upscaler: compact_x2"
    )
  }

  @Test func otherFilesAreRefusedInWords() async throws {
    let engine = try engine()
    for (url, words) in [
      (Self.model, "no upscaler"), (URL(filePath: "/nowhere/x4.pth"), "no file"),
      (Golden.url("pipeline/tiny-sd.names.json"), "configuration"),
    ] {
      await #expect("\(words)") { try await UpscalerModel(contentsOf: url, on: engine) } throws: {
        ($0 as? ImagineError)?.message.contains(words) == true
          || ($0 as? ImagineError) != nil && words == "configuration"
      }
    }
  }

  // MARK: Drawing

  @Test func aSecondPassBeginsFromWhatTheNetworkMade() async throws {
    let engine = try engine(), pipeline = try await Pipeline(model: Self.model, on: engine)
    let upscaler = try await UpscalerModel(contentsOf: Self.file, on: engine)
    var request = GenerationRequest(prompt: "a house", size: Size(width: 64, height: 64), steps: 2)
    request.seed = 1
    request.hires = HiresFix()
    request.hires?.upscaler = .lanczos
    let filtered = try await pipeline.image(request)
    request.hires?.upscalerModel = upscaler
    let image = try await pipeline.image(request)
    #expect(image.size == Size(width: 128, height: 128) && image.pixels != filtered.pixels)
    #expect(image.parameters.contains("Hires upscaler: compact_x2"))
    #expect(try await pipeline.image(request).pixels == image.pixels)
    let stages = try await pipeline.estimate(request).stages.map(\.name)
    #expect(stages.contains("upscaler"), "\(stages)")
  }

  @Test func aFinishedPictureIsMadeLarger() async throws {
    let engine = try engine(), pipeline = try await Pipeline(model: Self.model, on: engine)
    let upscaler = try await UpscalerModel(contentsOf: Self.file, on: engine)
    var request = GenerationRequest(prompt: "a house", size: Size(width: 64, height: 64), steps: 2)
    (request.seed, request.count) = (1, 2)
    var plain: [GeneratedImage] = [], larger: [GeneratedImage] = []
    for try await event in pipeline.generate(request) { if case .image(let image) = event { plain.append(image) } }
    request.upscaling = Upscaling(upscaler, scale: 1.5)
    for try await event in pipeline.generate(request) { if case .image(let image) = event { larger.append(image) } }
    #expect(larger.map(\.size) == [Size](repeating: Size(width: 96, height: 96), count: 2))
    for (small, large) in zip(plain, larger) {
      let source = try SourcePicture(size: small.size, pixels: small.pixels)
      #expect(try await upscaler.upscaled(source, scale: 1.5).pixels == large.pixels)
      #expect(large.parameters.contains("Postprocess upscale by: 1.5, Postprocess upscaler: compact_x2"))
    }
    let recorded = RecordedSettings(parameters: larger[0].parameters)
    #expect(recorded.unhonoured.contains { $0.contains("The upscaler compact_x2 made it larger 1.5 times") })
  }

  @Test func anUpscalerOfAnotherEngineIsRefused() async throws {
    let pipeline = try await Pipeline(model: Self.model, on: engine())
    let upscaler = try await UpscalerModel(contentsOf: Self.file, on: engine())
    var request = GenerationRequest(prompt: "a house", size: Size(width: 64, height: 64), steps: 2)
    request.upscaling = Upscaling(upscaler)
    #expect { try pipeline.validate(request) } throws: {
      ($0 as? ImagineError)?.message.contains("same engine") == true
    }
    request.upscaling = nil
    request.hires = HiresFix()
    request.hires?.upscalerModel = upscaler
    #expect { try pipeline.validate(request) } throws: {
      ($0 as? ImagineError)?.message.contains("same engine") == true
    }
  }
}

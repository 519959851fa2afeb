import Foundation
import Imagine
import ImagineEngineTesting
import ImagineGoldens
import Testing

/// Features of requests together, on models of every kind: all are drawn, or refused with a sentence, and none by chance.
@Suite struct CombinationTests {
  private static let families = [
    "sd1", "sd1_inpainting", "sd1_edit", "sd1_lcm", "sd2_v_zero_snr", "sdxl_edm", "sdxl", "sdxl_refiner",
  ]
  private static let size = Size(width: 64, height: 64)

  private static func withPipeline(_ family: String, _ body: (Pipeline, URL) async throws -> Void) async throws {
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "\(family).safetensors")
      try FamilyModel(family).writeFile(to: url)
      try await body(
        try await Pipeline(model: url, options: .init(device: .cpu, precision: Imagine.Precision.float32)), folder)
    }
  }

  private static func image(_ change: (inout InitialImage) throws -> Void) throws -> InitialImage {
    var image = InitialImage(try PictureGolden.picture(Size(width: 80, height: 72)))
    try change(&image)
    return image
  }

  private static func hires(_ upscaler: HiresFix.Upscaler) -> HiresFix {
    var hires = HiresFix()
    (hires.size, hires.upscaler, hires.steps) = (Size(width: 96, height: 80), upscaler, 2)
    return hires
  }

  private typealias Feature = (name: String, change: @Sendable (inout GenerationRequest) throws -> Void)

  private static let features: [Feature] = [
    ("nothing", { _ in }),
    ("a picture unchanged", { $0.initialImage = try image { $0.strength = 0 } }),
    ("a picture", { $0.initialImage = try image { $0.strength = 0.6 } }),
    ("all of a picture", { $0.initialImage = try image { $0.strength = 1 } }),
    ("resized latents", { $0.initialImage = try image { ($0.strength, $0.resizing) = (0.6, .latent) } }),
    ("a mask", { $0.initialImage = try image { ($0.strength, $0.mask) = (1, Mask(try PictureGolden.mask(size))) } }),
    (
      "a masked part",
      {
        $0.initialImage = try image {
          var mask = Mask(try PictureGolden.mask(size))
          (mask.padding, mask.content) = (4, .noise)
          $0.mask = mask
        }
      }
    ),
    ("margins", { $0.initialImage = try image { $0.margins = Margins(left: 8, bottom: 16) } }),
    ("larger latents", { $0.hires = hires(.latent) }),
    ("a larger picture", { $0.hires = hires(.lanczos) }),
    (
      "parts",
      { ($0.prompt, $0.negativePrompt) = ("a house AND a [tree:sun:0.5]:0.4", String(repeating: "bad ", count: 90)) }
    ),
    ("CFG++", { $0.sampler = try Sampler.named("euler_a_cfg_pp").sampler }),
    ("a Brownian path", { ($0.sampler, $0.variation) = (.dpmppSDE, Variation(seed: 3, strength: 0.3)) }),
    ("no guidance", { $0.guidanceScale = 1 }),
    (
      "half the guidance",
      {
        ($0.guidance.interval, $0.guidance.rescale, $0.guidance.minimumSigma) = (0...5, 0.5, 1)
      }
    ),
    ("seamless", { ($0.tiling, $0.noiseSize) = ([.x, .y], Size(width: 32, height: 96)) }),
    ("previews", { $0.previewInterval = 1 }),
  ]

  @Test(arguments: families, [nil] + Likeness.all) func featuresTogether(_ family: String, _ likeness: Likeness?)
    async throws
  {
    try await Self.withPipeline(family) { pipeline, _ in
      var refused: [String: String] = [:]
      for feature in Self.features {
        var request = GenerationRequest(prompt: "a red house", size: Self.size, steps: 2, guidanceScale: 3)
        request.sampler = .euler
        request.seed = 5
        request.likeness = likeness
        try feature.change(&request)
        do {
          let image = try await pipeline.image(request), again = try await pipeline.image(request)
          #expect(image.pixels == again.pixels, "\(feature.name)")
        } catch let error as ImagineError {
          #expect(error.code == .invalidRequest, "\(feature.name): \(error)")
          refused[feature.name] = error.message
        }
      }
      // Editing takes no mask, models that are told of pictures no resized latents, and diffusers no strength of nothing.
      var expected: Set<String> = []
      if family == "sd1_edit" { expected.formUnion(["a mask", "a masked part"]) }
      if ["sd1_edit", "sd1_inpainting"].contains(family) { expected.insert("resized latents") }
      if likeness == .diffusers { expected.insert("a picture unchanged") }
      #expect(Set(refused.keys) == expected, "\(refused)")
    }
  }

  @Test("Pictures of a batch with a seed's variations are each another, with or without draws of a picture's latents")
  func batches() async throws {
    try await Self.withPipeline("sd1") { pipeline, _ in
      for likeness in [nil, Likeness.diffusers] {
        var request = GenerationRequest(prompt: "a red house", size: Self.size, steps: 2)
        (request.seed, request.count, request.likeness) = (5, 3, likeness)
        request.variation = Variation(seed: 9, strength: 0.5)
        request.initialImage = try Self.image { $0.strength = 0.6 }
        var images: [GeneratedImage] = []
        for try await event in pipeline.generate(request) { if case .image(let image) = event { images.append(image) } }
        #expect(Set(images.map(\.pixels)).count == 3)
        #expect(images.map(\.seed) == [5, 5, 5] && images.map(\.request.variation?.seed) == [9, 10, 11])
        var last = images[2].request
        last.count = 1
        #expect(try await pipeline.image(last).pixels == images[2].pixels)
      }
    }
  }

  @Test("Every run of an autoencoder is in the estimate, at its size") func estimates() async throws {
    for (family, upscaler, counts) in [
      ("sd1", HiresFix.Upscaler.latent, [0, 1]), ("sd1", .lanczos, [1, 2]), ("sd1_inpainting", .latent, [2, 1]),
      ("sd1_inpainting", .lanczos, [3, 2]),
    ] {
      try await Self.withPipeline(family) { pipeline, _ in
        var request = GenerationRequest(prompt: "a red house", size: Self.size, steps: 2)
        request.hires = Self.hires(upscaler)
        let estimate = try await pipeline.estimate(request)
        #expect(estimate.size == Size(width: 96, height: 80))
        let encoders = estimate.stages.filter { $0.name.contains("encoder") && !$0.name.contains("text") }.count
        let decoders = estimate.stages.filter { $0.name.contains("decoder") }.count
        #expect([encoders, decoders] == counts, "\(family) \(upscaler.name): \(estimate.stages.map(\.name))")
      }
    }
  }

  @Test("A refiner that is told of a mask, or a model that is, cannot share a picture with one that is not")
  func refiners() async throws {
    try await Self.withPipeline("sd1") { plain, folder in
      let url = folder.appending(path: "inpainting.safetensors")
      try FamilyModel("sd1_inpainting").writeFile(to: url)
      let told = try await Pipeline(model: url, on: plain.engine)
      for (first, second) in [(plain, told), (told, plain)] {
        var request = GenerationRequest(prompt: "a red house", size: Self.size, steps: 2)
        request.refiner = Refiner(second, start: 0.5)
        let error = #expect(throws: ImagineError.self) { try first.validate(request) }
        #expect(error?.code == .invalidRequest && error?.message.contains("mask") == true)
      }
    }
  }

  @Test("Settings of a guidance that is not there are named") func unusedGuidance() async throws {
    func notices(_ family: String, _ change: (inout GenerationRequest) -> Void) async throws -> [String] {
      var messages: [String] = []
      try await Self.withPipeline(family) { pipeline, _ in
        var request = GenerationRequest(prompt: "a red house", size: Self.size, steps: 1, guidanceScale: 3)
        request.sampler = .euler
        change(&request)
        for try await event in pipeline.generate(request) {
          if case .notice(let notice) = event, notice.code == .settings { messages.append(notice.message) }
        }
      }
      return messages
    }
    #expect(try await notices("sd1") { $0.guidance.rescale = 0.5 } == [])
    let one = try await notices("sd1") {
      ($0.guidance.rescale, $0.guidanceScale, $0.guidance.interval) = (0.5, 1, 0...1)
    }
    #expect(one.count == 1 && one[0].contains("rescale, guidance interval have"))
    let inside = try await notices("sd1_lcm") { ($0.guidance.minimumSigma, $0.sampler) = (1, .lcm) }
    #expect(inside.count == 1 && inside[0].contains("minimum sigma has"))
    let steps = try await notices("sd1_lcm") { $0.sampler = try? Sampler.named("euler_cfg_pp").sampler }
    #expect(steps.first?.contains("CFG++") == true)
  }
}

import Foundation
import ImagineGoldens
import ImagineTesting
import Testing

@testable import Imagine
@testable import ImagineEngine

extension VulkanTests {
  /// Whole pictures on a device with Vulkan.
  @Suite struct VulkanPipelineTests {
    /// The demonstration model draws the processor's picture.
    @Test(arguments: [(Imagine.Precision.float32, 60.0), (.float16, 50.0)])
    func drawsTheProcessorsPicture(_ precision: Imagine.Precision, _ decibels: Double) async throws {
      let pipeline = try await Pipeline(
        OpenedModel.demonstration(), Pipeline.Options(precision: precision), on: VulkanTestDevice.opened())
      var request = pipeline.recommendedRequest(prompt: "a red house under a yellow sun")
      request.steps = 2
      request.seed = 1
      let ours = try await pipeline.image(request)
      let exact = try await Pipeline.demonstration(options: .init(device: .cpu, precision: .float32)).image(request)
      let ratio = decibelsOfSignalToNoise(ours.pixels, exact.pixels)
      #expect(ratio >= decibels, "\(ratio)")
      try VulkanTestDevice.expectNoComplaint()
    }

    /// Every tensor of diffusers' and k-diffusion's runs in 32-bit floats; some of them, since software drivers are slow.
    @Test(arguments: [
      ("ddim_96x64_seed7", Imagine.Precision.float32), ("dpmpp_2m_karras_64x64_seed42", .float32),
      ("euler_64x96_seed7", .float16), ("ddim_64x64_seed42", .float16),
    ])
    func agreesWithOthers(_ name: String, _ precision: Imagine.Precision) async throws {
      let pipeline = try await Pipeline(
        OpenedModel(TinyModel.file), Pipeline.Options(precision: precision), on: VulkanTestDevice.opened())
      try await PipelineGolden(name).expect(from: pipeline, within: precision == .float32 ? 1e-3 : 2e-2)
      try VulkanTestDevice.expectNoComplaint()
    }

    /// Models of other families, from their single files: two text encoders, velocities, and a told guidance among them.
    @Test(
      arguments: ["sdxl", "sd2_v", "sd1_lcm"], [(Imagine.Precision.float32, 1e-3), (.float16, 5e-3)])
    func drawsEveryFamily(_ run: String, _ limit: (Imagine.Precision, Double)) async throws {
      let golden = try FamilyGolden(run)
      try await withTemporaryFolder { folder in
        let url = folder.appending(path: "\(golden.family).safetensors")
        try FamilyModel(golden.family).writeFile(to: url)
        let pipeline = try await Pipeline(
          OpenedModel(url), Pipeline.Options(precision: limit.0), on: VulkanTestDevice.opened())
        try await golden.expect(from: pipeline, within: limit.1, isExact: limit.0 == .float32 || run != "sd2_v")
      }
      try VulkanTestDevice.expectNoComplaint()
    }

    /// What guides a picture, and has networks of its own.
    @Test(arguments: ["run_sd1_all", "run_sd1_t2i", "run_sdxl_control", "run_sdxl_ip_plus"])
    func guidedPictures(_ run: String) async throws {
      let golden = try ControlGolden(run)
      try await withTemporaryFolder { folder in
        let url = folder.appending(path: "\(golden.family).safetensors")
        try FamilyModel(golden.family).writeFile(to: url)
        let pipeline = try await Pipeline(
          OpenedModel(url), Pipeline.Options(precision: .float32), on: VulkanTestDevice.opened())
        try golden.expect(try await pipeline.image(golden.request(.original, in: folder)))
      }
      try VulkanTestDevice.expectNoComplaint()
    }

    /// Tiles on the device draw the untiled picture, also in 16-bit floats.
    @Test func tilesDrawTheSamePicture() async throws {
      var request = TinyModel.request
      request.size = Size(width: 264, height: 24)
      request.steps = 1
      var pictures: [[UInt8]] = []
      for tiling in [VAETiling.never, .always] {
        let pipeline = try await Pipeline(
          OpenedModel(TinyModel.file), Pipeline.Options(precision: .float16, vaeTiling: tiling),
          on: VulkanTestDevice.opened())
        pictures.append(try await pipeline.image(request).pixels)
      }
      let worst = zip(pictures[0], pictures[1]).map { abs(Int($0) - Int($1)) }.max()
      #expect(try #require(worst) <= 2)
      try VulkanTestDevice.expectNoComplaint()
    }

    /// Weights so large that 16-bit floats overflow in the decoder, which norms make good again in 32 bits: no black
    /// picture, no error, and the picture of 32-bit floats.
    @Test func overflowInTheDecoderIsRepeatedIn32Bits() async throws {
      try await withTemporaryFolder { folder in
        let model = try TinyModel.copy(in: folder, multiplying: "vae.decoder.conv_in.weight", by: 1e6)
        try await expectRepeatedDecoding(of: model, TinyModel.request)
      }
    }

    /// The autoencoder of Stable Diffusion XL is known for it.
    @Test func overflowInTheDecoderOfXLIsRepeatedIn32Bits() async throws {
      try await withTemporaryFolder { folder in
        let url = folder.appending(path: "sdxl.safetensors")
        var model = try FamilyModel("sdxl")
        model.factors["vae.decoder.conv_in.weight"] = 1e6
        try model.writeFile(to: url)
        try await expectRepeatedDecoding(of: url, FamilyGolden("sdxl").request())
      }
    }

    private func expectRepeatedDecoding(of model: URL, _ request: GenerationRequest) async throws {
      let pipeline = try await Pipeline(
        OpenedModel(model), Pipeline.Options(precision: .float16), on: VulkanTestDevice.opened())
      var notices: [String] = [], pictures: [GeneratedImage] = []
      for try await event in pipeline.generate(request) {
        if case .notice(let notice) = event, notice.code != .unusualSize { notices.append(notice.message) }
        if case .image(let image) = event { pictures.append(image) }
      }
      #expect(notices.count == 1 && notices[0].contains("32-bit"), "\(notices)")
      let exact = try await Pipeline(model: model, options: .init(device: .cpu, precision: .float32)).image(request)
      let ratio = decibelsOfSignalToNoise(try #require(pictures.first).pixels, exact.pixels)
      #expect(ratio >= 30, "\(ratio)")
      #expect(Set(exact.pixels).count > 10)
      try VulkanTestDevice.expectNoComplaint()
    }

    private func decibelsOfSignalToNoise(_ pixels: [UInt8], _ expected: [UInt8]) -> Double {
      guard pixels.count == expected.count else { return 0 }
      let error = zip(pixels, expected).reduce(0.0) { sum, pair in sum + pow(Double(pair.0) - Double(pair.1), 2) }
      return 10 * log10(255 * 255 / max(error / Double(pixels.count), 1e-9))
    }
  }
}
